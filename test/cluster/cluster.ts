// A real Kubernetes node, from nothing to Ready and back to nothing.

import { createHash } from 'node:crypto'
import { access, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder, exists, hashOf, withLock } from '../../config/image/cache.ts'
import type { Image } from '../../config/image/oci.ts'
import { type Log, progress, toStderr } from '../../config/image/progress.ts'
import { type Family, wantedFamilies } from './addresses.ts'
import { type Api, connect } from './api.ts'
import { certManagerReady, startCertManager } from './cert-manager.ts'
import { kubeconfigOf, makeCertificates, nodeName } from './certificates.ts'
import { type Components, components } from './components.ts'
import { auditPolicy, startApiServer, startControllers } from './control-plane.ts'
import { applyCoreDns, coreDnsReady } from './coredns.ts'
import { testImages } from './images.ts'
import { makeNetwork, netnsOf } from './network.ts'
import { readyCondition, startContainerd, startNode, type WithConditions } from './node.ts'
import { importArchives, importImages, nodeImages } from './node-images.ts'
import { daemons } from './processes.ts'
import { type Registry, registryOf } from './registry.ts'
import { removeCluster } from './remove.ts'
import { type Slot, takenSlots, takeSlot } from './slot.ts'
import { startStorage } from './storage.ts'

export type Cluster = {
  name: string
  /** Path of the administrator's kubeconfig. */
  kubeconfig: string
  /** Folder of all the cluster's files; daemons' logs are in `log/`. */
  state: string
  /** Path of the node's network namespace, for `nsenter --net=`. */
  netns: string
  nodeIP: string
  /** Imports OCI archives under the names they bear. */
  loadImages: (archives: readonly string[]) => Promise<void>
  /** The registry on the node, started by the first call. */
  registry: (log: Log) => Promise<Registry>
  down: () => Promise<void>
}

export type UpOptions = {
  name?: string
  log?: Log
  /** `all` (the default) also makes and imports the product's, the samples' and the stores' images. */
  images?: 'all' | 'node'
  /** Families of addresses, the first one first; the default is `wantedFamilies`. */
  families?: readonly Family[]
}

const checkout = join(import.meta.dirname, '..', '..')
const folder = join(cacheFolder, 'clusters')
const ready = 'ready.json'

/** The cluster that HIPAA_MCP_CLUSTER names, else this checkout's own: another checkout's has another name. */
export const defaultName =
  process.env['HIPAA_MCP_CLUSTER'] || `dev-${createHash('sha256').update(checkout).digest('hex').slice(0, 6)}`

const stateOf = (name: string): string => {
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(name)) {
    throw new Error('A cluster name is up to 40 small letters, digits and hyphens')
  }
  return join(folder, name)
}

/**
 * A running cluster of that name with DNS and cert-manager: the one that runs if it is healthy, else a new one in its
 * place. It goes on running when this process ends, until `down`.
 */
export async function up(options: UpOptions = {}): Promise<Cluster> {
  const { name = defaultName, log = toStderr, images = 'all', families = wantedFamilies() } = options
  const state = stateOf(name)
  await checkMachine()
  const built = await components(log)
  return await exclusively(name, async () => {
    const fault = await faultOf(state, built, families)
    if (fault === undefined) {
      if (images === 'all') await loadImages(state, log)
      return await describe(state)
    }
    const old = await slotOfState(state)
    if (old !== undefined || (await exists(state))) {
      log(`cluster ${name}: ${fault}; replacing it`)
      await remove(name, state)
    }
    const slot = await takeSlot({ name, state, families })
    // Made before the node starts: building them beside it would slow both, on a machine of two cores.
    const made = images === 'all' ? await testImages(log) : []
    await progress(`starting cluster ${name}`, log, async () => {
      try {
        await start(slot, built, made)
      } catch (error) {
        // Half a cluster would run on beside whatever comes next: what stays for the reader is its logs.
        const logs = join(checkout, 'out', 'cluster', name)
        await rm(logs, { recursive: true, force: true })
        await cp(join(state, 'log'), logs, { recursive: true }).catch(() => undefined)
        await remove(name, state)
        throw new Error(`The cluster did not start. Logs: ${logs}. ${String(error)}`, { cause: error })
      }
    })
    return await describe(state)
  })
}

/** Removes the cluster of that name and every trace of it. A cluster that is not there is no error. */
export async function down(name: string = defaultName): Promise<void> {
  const state = stateOf(name)
  await exclusively(name, async () => await remove(name, state))
}

/** The names of all clusters of this cache folder, whatever state they are in. */
export async function clusterNames(): Promise<string[]> {
  const listed = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const names = listed.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  const slots = (await takenSlots())
    .filter(({ state }) => state.startsWith(`${folder}/`))
    .map(({ name }) => name)
  return [...new Set([...names, ...slots])].toSorted()
}

/** The running cluster of that name; rejects with what to do if there is none. */
export async function running(name: string = defaultName): Promise<Cluster> {
  const state = stateOf(name)
  const fault = await faultOf(state)
  if (fault !== undefined) throw new Error(`Cluster ${name}: ${fault}. Start it: make cluster`)
  return await describe(state)
}

async function start(slot: Slot, built: Components, images: readonly Image[]): Promise<void> {
  await mkdir(slot.state, { recursive: true, mode: 0o755 })
  await Promise.all([makeNetwork(slot), makeCertificates(slot)])
  const api = await connect(kubeconfigOf(slot.state, 'admin'))
  try {
    const controlPlane = async (): Promise<void> => {
      await startApiServer(slot, built, api)
      await startControllers(slot, built)
    }
    const runtime = async (): Promise<number> => {
      const pid = await startContainerd(slot)
      await importImages(slot.state, await nodeImages(built))
      return pid
    }
    const [containerdPid] = await Promise.all([runtime(), controlPlane()])
    await Promise.all([
      startNode(slot, built, api, containerdPid),
      applyCoreDns(slot, api),
      startCertManager(slot, built, api),
      startStorage(slot, built, api, containerdPid),
    ])
    await Promise.all([coreDnsReady(api), certManagerReady(slot, api), importImages(slot.state, images)])
    await writeFile(join(slot.state, ready), JSON.stringify({ containerdPid, recipe: await recipe(built) }))
  } finally {
    await api.close()
  }
}

/** Makes all images and imports those that changed into a running cluster. */
export async function loadImages(state: string, log: Log): Promise<void> {
  const made = await testImages(log)
  const imported = await progress('importing images', log, async () => await importImages(state, made))
  for (const name of imported) log(`imported ${name}`)
}

/** What keeps the cluster in this folder from being used, or undefined. */
async function faultOf(
  state: string,
  built?: Components,
  families?: readonly Family[],
): Promise<string | undefined> {
  if (!(await exists(state))) return 'it does not run'
  if (!(await exists(join(state, ready)))) return 'its start did not finish'
  const slot = await slotOfState(state)
  if (slot === undefined) return 'its addresses were given away'
  if (families !== undefined && slot.addresses.map(({ family }) => family).join() !== families.join())
    return 'it speaks other families of addresses'
  if (built !== undefined && (await readyNote(state)).recipe !== (await recipe(built)))
    return 'it is of an older recipe'
  const dead = (await daemons(state)).filter(({ runs }) => !runs).map(({ name }) => name)
  if (dead.length > 0) return `${dead.join(', ')} ended`
  const api = await connect(kubeconfigOf(state, 'admin'))
  try {
    return (await nodeIsReady(api)) ? undefined : 'its node is not ready'
  } catch (error) {
    return `its API server does not answer (${String(error)})`
  } finally {
    await api.close()
  }
}

async function nodeIsReady(api: Api): Promise<boolean> {
  return readyCondition(await api.call<WithConditions>('GET', `/api/v1/nodes/${nodeName}`))
}

async function remove(name: string, state: string): Promise<void> {
  const slot = await slotOfState(state)
  if (slot !== undefined) {
    await removeCluster(slot)
    return
  }
  // A machine that was restarted forgot the slot; what is left is files, and no process can have their number.
  if (await exists(state)) await removeCluster(await takeSlot({ name, state, families: wantedFamilies() }))
}

async function slotOfState(state: string): Promise<Slot | undefined> {
  return (await takenSlots()).find((slot) => slot.state === state)
}

async function describe(state: string): Promise<Cluster> {
  const slot = await slotOfState(state)
  if (slot === undefined) throw new Error(`${state} has no addresses: start it anew`)
  return {
    name: slot.name,
    kubeconfig: kubeconfigOf(state, 'admin'),
    state,
    netns: netnsOf(state),
    nodeIP: slot.nodeIP,
    loadImages: async (archives) => await importArchives(state, archives),
    registry: async (log) => await registryOf(slot, log),
    down: async () => await down(slot.name),
  }
}

async function exclusively<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  return await withLock(join(folder, `${name}.lock`), work)
}

const programs: Record<string, string> = {
  containerd: 'containerd',
  runc: 'runc',
  ip: 'iproute2',
  iptables: 'iptables',
  ipset: 'ipset',
  conntrack: 'conntrack',
  openssl: 'openssl',
  nsenter: 'util-linux',
  'mkfs.ext4': 'e2fsprogs',
  '../lib/cni/bridge': 'containernetworking-plugins',
}

/** Rejects with one line that says what to do if the machine cannot carry a node. */
async function checkMachine(): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Error(
      'The test node needs root on Linux: run as root, or use a cluster of your own (CLUSTER=current)',
    )
  }
  const missing: string[] = []
  for (const [program, wanted] of Object.entries(programs)) {
    const places = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/bin'].map((place) =>
      join(place, program),
    )
    const found = await Promise.any(places.map(async (place) => await access(place))).then(
      () => true,
      () => false,
    )
    if (!found) missing.push(wanted)
  }
  if (missing.length > 0) {
    throw new Error(
      `The test node needs Debian packages: apt-get install -y ${[...new Set(missing)].join(' ')}`,
    )
  }
}

/** containerd's process id, whose set of mounts the node's volumes live in. */
export async function containerdPid(state: string): Promise<number> {
  return (await readyNote(state)).containerdPid
}

async function readyNote(state: string): Promise<{ containerdPid: number; recipe?: string }> {
  return JSON.parse(await readFile(join(state, ready), 'utf8')) as { containerdPid: number; recipe?: string }
}

// These make images and read the command line; a cluster looks the same whatever they say.
const noRecipe = new Set(['images.ts', 'closure.ts', 'main.ts', 'registry.ts', 'remove.ts'])

/** Changes when a cluster started now would differ from one started before. */
async function recipe(built: Components): Promise<string> {
  const files = (await readdir(import.meta.dirname)).filter(
    (file) => file.endsWith('.ts') && !noRecipe.has(file),
  )
  const paths = [...files.toSorted().map((file) => join(import.meta.dirname, file)), auditPolicy]
  const texts = paths.map(async (path) => await readFile(path))
  return hashOf([built.folder, ...(await Promise.all(texts))])
}
