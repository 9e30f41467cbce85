// The test cluster's command line: node test/cluster/main.ts up | down | env | images | registry | kubectl

import { spawn } from 'node:child_process'
import { toStderr } from '../../config/image/progress.ts'
import { clusterNames, defaultName, down, loadImages, running, up } from './cluster.ts'
import { components } from './components.ts'

const usage = `usage: node test/cluster/main.ts COMMAND [--name NAME]

  up                start the cluster, or keep the healthy one that runs; last line: export KUBECONFIG=...
  down [--all]      remove it, or all, and every trace
  env               print export KUBECONFIG=... of the running cluster
  images            make all images and import those that changed into the running cluster
  registry          start a registry that it pulls from; prints what to export to push there
  kubectl ARGS...   kubectl of the node's version against the running cluster

HIPAA_MCP_CLUSTER_FAMILIES=IPv4,IPv6 says which addresses a new cluster has, the first family first: both where the machine has both.
`

const commands: Record<string, (name: string, rest: readonly string[]) => Promise<number>> = {
  up: async (name) => {
    const cluster = await up({ name, log: toStderr })
    process.stdout.write(`export KUBECONFIG=${cluster.kubeconfig}\n`)
    return 0
  },
  down: async (name, rest) => {
    const names = rest.includes('--all') ? await clusterNames() : [name]
    for (const each of names) {
      await down(each)
      toStderr(`cluster ${each}: removed`)
    }
    return 0
  },
  env: async (name) => {
    process.stdout.write(`export KUBECONFIG=${(await running(name)).kubeconfig}\n`)
    return 0
  },
  images: async (name) => {
    await loadImages((await running(name)).state, toStderr)
    return 0
  },
  registry: async (name) => {
    const { host, ca } = await (await running(name)).registry(toStderr)
    process.stdout.write(`export PUSH=${host}/hipaa-mcp NODE_EXTRA_CA_CERTS=${ca}\n`)
    return 0
  },
  kubectl: async (name, rest) => {
    const built = await components(toStderr)
    const { kubeconfig } = await running(name)
    const child = spawn(built.path('kubectl'), [...rest], {
      stdio: 'inherit',
      env: { ...process.env, KUBECONFIG: kubeconfig },
    })
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => resolve(code ?? 1))
    })
  },
}

async function main(args: readonly string[]): Promise<number> {
  const [command = '', ...given] = args
  const run = commands[command]
  if (run === undefined) {
    process.stderr.write(usage)
    return command === '--help' || command === 'help' ? 0 : 2
  }
  const at = given[0] === '--name' || command !== 'kubectl' ? given.indexOf('--name') : -1
  const name = at === -1 ? defaultName : (given[at + 1] ?? '')
  const rest = at === -1 ? given : given.filter((_, index) => index !== at && index !== at + 1)
  return await run(name, rest)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  // Waits for other parts of a failed start may still run; the reader need not sit through them.
  process.exit(1)
}
