// The two init containers of a guarded pod: `guard.ts set` puts the packet filter in place, `guard.ts check` proves it.

import { env, exit, stderr, stdout } from 'node:process'
import { checkGuard } from './guard/check.ts'
import { setGuard } from './guard/set.ts'

const commands: { readonly [name: string]: () => Promise<string> | string } = {
  set: () => {
    const discovery = env['HIPAA_MCP_DISCOVERY_PORT']
    return setGuard({
      upstreamPort: upstreamPort(),
      ...(discovery === undefined
        ? {}
        : { discoveryPort: portOf('DISCOVERY_PORT', 'spec.tls.discovery.port') }),
    })
  },
  check: async () => {
    const dns = env['HIPAA_MCP_DNS']
    if (dns === undefined || dns === '') throw new Error('HIPAA_MCP_DNS is not set: admission sets it')
    return await checkGuard({ upstreamPort: upstreamPort(), dns })
  },
}

function upstreamPort(): number {
  return portOf('UPSTREAM_PORT', 'spec.workload.port')
}

function portOf(name: string, from: string): number {
  const text = env[`HIPAA_MCP_${name}`] ?? ''
  if (!/^[1-9][0-9]{0,4}$/.test(text)) {
    throw new Error(`HIPAA_MCP_${name} is not a port: admission sets it to ${from}`)
  }
  return Number(text)
}

const command = commands[process.argv[2] ?? '']
try {
  if (command === undefined) throw new Error('say what to do: guard.ts set, or guard.ts check')
  stdout.write(`hipaa-mcp-guard: ${await command()}\n`)
} catch (error) {
  stderr.write(`hipaa-mcp-guard: ${error instanceof Error ? error.message : String(error)}\n`)
  exit(1)
}
