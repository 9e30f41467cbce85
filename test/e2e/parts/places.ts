// Every place beside the answers where a value could be left: what a cluster says of itself, and what lies on its node.

import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cacheFolder } from '../../../config/image/cache.ts'
import { defaultName } from '../../cluster/cluster.ts'
import type { Kubectl } from '../../demo/kubectl.ts'
import type { Clinic } from '../../demo/scene.ts'
import { askThrough } from '../../demo/steps/monitoring.ts'

export type Place = { readonly name: string; readonly bytes: Buffer | string }

const system = 'hipaa-mcp-system'

/** Everything, one after the other. `silent`: containers whose log may hold anything, as `pod/container` begins. */
export async function* places(clinic: Clinic, silent: readonly string[]): AsyncGenerator<Place> {
  yield* logs(clinic.kubectl, silent)
  yield* objects(clinic.kubectl)
  yield* metrics(clinic)
  yield* files()
  yield* nodeFiles()
}

type PodList = {
  items: {
    metadata: { name: string; namespace: string }
    spec: { containers: { name: string }[]; initContainers?: { name: string }[] }
  }[]
}

/** Of every container of the clinic and of the product, the one that ran before too. */
async function* logs(kubectl: Kubectl, silent: readonly string[]): AsyncGenerator<Place> {
  for (const namespace of ['clinic', system]) {
    const pods = await kubectl.get<PodList>('pods', '-n', namespace)
    for (const { metadata, spec } of pods?.items ?? [])
      for (const { name } of [...(spec.initContainers ?? []), ...spec.containers]) {
        const place = `${metadata.name}/${name}`
        if (silent.some((one) => place.startsWith(one))) continue
        for (const more of [[], ['--previous']]) {
          const { stdout } = await kubectl.attempt([
            'logs',
            '-n',
            namespace,
            metadata.name,
            '-c',
            name,
            '--tail=-1',
            ...more,
          ])
          yield { name: `log ${place} ${more.join('')}`, bytes: stdout }
        }
      }
  }
}

async function* objects(kubectl: Kubectl): AsyncGenerator<Place> {
  const ours = 'hipaamcpservers,businessassociateagreements,breakglassgrants,accessrevocations'
  for (const [what, args] of [
    ['Events', ['events', '-A']],
    ['our kinds', [ours, '-A']],
    ['objects of the clinic', ['pods,configmaps,networkpolicies,services,deployments', '-n', 'clinic']],
    ['objects of the product', ['pods,configmaps,secrets,leases', '-n', system]],
    ['objects of the cluster', ['csr,persistentvolumes,validatingwebhookconfigurations']],
  ] as const)
    yield { name: what, bytes: await kubectl.run(['get', ...args, '-o', 'json']) }
}

async function* metrics(clinic: Clinic): AsyncGenerator<Place> {
  const ask = askThrough(clinic)
  yield { name: 'metrics in Prometheus', bytes: JSON.stringify(await ask.instant('{__name__=~".+"}')) }
}

const programs = ['sidecar/main.ts', 'operator/main.ts', 'collector/main.ts', 'wrapper.mjs'] as const
export type Program = (typeof programs)[number]

const state = (): string => join(cacheFolder, 'clusters', process.env['HIPAA_MCP_CLUSTER'] ?? defaultName)

/** Processes of the product's programs in pods of this cluster: another may run beside it. */
export async function productProcesses(): Promise<{ pid: number; program: Program }[]> {
  const { cgroupRoot } = JSON.parse(await readFile(join(state(), 'kubelet.yaml'), 'utf8')) as {
    cgroupRoot: string
  }
  const found: { pid: number; program: Program }[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const words = (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).split('\0')
    const program = programs.find((one) => words.some((word) => word.endsWith(one)))
    const group = await readFile(`/proc/${name}/cgroup`, 'utf8').catch(() => '')
    if (program !== undefined && group.includes(`:${cgroupRoot}/kubepods/`))
      found.push({ pid: Number(name), program })
  }
  return found
}

/** Folders that a process may write to, where they lie for the node. */
export async function writableFolders(pid: number): Promise<string[]> {
  const table = await readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => '')
  return table
    .split('\n')
    .map((row) => row.split(' '))
    .filter(
      ([, , , , at = '', options = '']) =>
        options.split(',').includes('rw') && !/^\/(?:proc|sys|dev)(?:\/|$)/.test(at),
    )
    .map(([, , , , at = '']) => `/proc/${pid}/root${at}`)
}

/** What the product's programs wrote: temporary files, sockets aside, the trail's volumes, the collector's store. */
async function* files(): AsyncGenerator<Place> {
  for (const { pid, program } of await productProcesses())
    for (const folder of await writableFolders(pid)) yield* filesBelow(folder, `${program}: ${folder}`)
}

/** What lies on the node: all that etcd holds and held, and the logs of the control plane and of containers. */
async function* nodeFiles(): AsyncGenerator<Place> {
  for (const folder of ['etcd', 'log']) yield* filesBelow(join(state(), folder), `the node’s ${folder}`)
}

const largest = 256 * 2 ** 20

async function* filesBelow(folder: string, name: string): AsyncGenerator<Place> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const size = (await stat(path).catch(() => undefined))?.size ?? 0
    if (size === 0 || size > largest) continue
    const bytes = await readFile(path).catch(() => undefined)
    if (bytes !== undefined) yield { name: `${name} (${path.slice(folder.length)})`, bytes }
  }
}

type CoreDumps = { limit: string; into: string; writable: boolean }

/**
 * What would come of a crash: the limit of a core file, and whether one could be written where the process stands. Undefined
 * when it has ended.
 */
export async function coreDumps(pid: number): Promise<CoreDumps | undefined> {
  const about = await Promise.all([
    readFile(`/proc/${pid}/limits`, 'utf8'),
    readlink(`/proc/${pid}/cwd`),
    readFile(`/proc/${pid}/mountinfo`, 'utf8'),
  ]).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error
  })
  if (about === undefined) return undefined
  const [limits, into, table] = about
  const limit = /^Max core file size\s+(\S+)/m.exec(limits)?.[1] ?? 'unknown'
  const mounts = table.split('\n').map((row) => row.split(' '))
  const at = (path: string): string[] | undefined => mounts.findLast(([, , , , where]) => where === path)
  let path = into
  while (at(path) === undefined && path !== '/') path = dirname(path)
  return { limit, into, writable: at(path)?.[5]?.split(',').includes('rw') ?? true }
}
