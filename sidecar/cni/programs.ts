// Puts the plugin's programs on the node: Node and its sources, what enters a network namespace, and the packet filter's
// own, all with the loader and libraries of our image.

import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, type Hash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { cniPlugin } from '../../core/identifiers.ts'
import { BadSettings } from '../../core/log.ts'
import { calledVersion, farewell, launcher, pluginCall } from './launcher.ts'
import { hostFolder, programFiles } from './on-host.ts'
import { supportedVersions } from './protocol.ts'
import { writeWhole } from './write-file.ts'

/** The plugin and all that it imports, from the checkout's root. A test holds the list against the imports. */
export const pluginSources = [
  'core/guard-command.ts',
  'core/identifiers.ts',
  'core/is-object.ts',
  'core/log.ts',
  'sidecar/cni/api-server.ts',
  'sidecar/cni/enrolled-pod.ts',
  'sidecar/cni/guarded.ts',
  'sidecar/cni/in-pod.ts',
  'sidecar/cni/on-host.ts',
  'sidecar/cni/plugin.ts',
  'sidecar/cni/protocol.ts',
  'sidecar/cni/read-host.ts',
  'sidecar/guard/config.ts',
  'sidecar/guard/rules.ts',
  'sidecar/guard/set.ts',
] as const

const root = join(import.meta.dirname, '..', '..')
const nsenter = '/usr/bin/nsenter'
const filter = '/usr/sbin/xtables-nft-multi'
/** For a node that has much to do, milliseconds. */
const patience = 60_000

/**
 * `plugins`: the runtime's folder of plugins. Returns the version that is in place, whole and on the disk, and that
 * answers. The one before stays, for a call that runs. Throws where it does not answer: the launcher is as it was then.
 */
export function installPrograms(plugins: string): string {
  const wanted = files()
  const version = hashOf(wanted)
  const folder = hostFolder(plugins)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  const place = join(folder, version)
  if (!isWhole(place, wanted, version)) replace(place, wanted)
  const fault = faultOf(place)
  if (fault !== undefined) throw new BadSettings(`the programs of the plugin do not run: ${fault}`)
  const before = launcherVersion(plugins)
  writeWhole(join(plugins, cniPlugin), launcher(version), 0o755)
  for (const name of readdirSync(folder, { withFileTypes: true }))
    if (name.isDirectory() && name.name !== version && name.name !== before)
      rmSync(join(folder, name.name), { recursive: true, force: true })
  return version
}

/** Whether the launcher that is in place calls a plugin that answers. */
export function launcherAnswers(plugins: string): boolean {
  const version = launcherVersion(plugins)
  return version !== undefined && faultOf(join(hostFolder(plugins), version)) === undefined
}

/** Pods that run go on, and end: see launcher.ts. */
export function removePrograms(plugins: string): void {
  writeWhole(join(plugins, cniPlugin), farewell, 0o755)
  rmSync(hostFolder(plugins), { recursive: true, force: true })
}

function launcherVersion(plugins: string): string | undefined {
  try {
    return calledVersion(readFileSync(join(plugins, cniPlugin), 'utf8'))
  } catch {
    return undefined
  }
}

/** Calls the plugin as the launcher does, without a shell: our image has none. */
function faultOf(place: string): string | undefined {
  const [loader, ...words] = pluginCall(place)
  const { status, signal, stderr, error } = spawnSync(loader, words, {
    encoding: 'utf8',
    env: { CNI_COMMAND: 'VERSION' },
    input: JSON.stringify({ cniVersion: supportedVersions.at(-1) }),
    timeout: patience,
  })
  if (status === 0) return undefined
  return error?.message ?? `${signal ?? `exit code ${status}`} ${stderr.trim().split('\n')[0] ?? ''}`.trim()
}

type File = { to: string; mode: number } & ({ from: string } | { text: string })

const program = (from: string, to: string): File => ({ from, to, mode: 0o555 })

function files(): File[] {
  const loaded = loadedLibraries()
  const loader = loaded.find((path) => /\/ld-linux[^/]*$/.test(path))
  const libc = loaded.find((path) => /\/libc\.so\.\d+$/.test(path))
  if (loader === undefined || libc === undefined)
    throw new BadSettings('this program has no loader of glibc: build the image from its recipe')
  const extensions = join('/usr/lib', basename(dirname(libc)), 'xtables')
  const shared = readdirSync(extensions)
    .filter((name) => name.endsWith('.so'))
    .map((name) => join(extensions, name))
  const libraries = new Set([
    ...loaded,
    ...[nsenter, filter, ...shared].flatMap((program) => librariesOf(loader, program)),
  ])
  return [
    program(loader, programFiles.loader),
    ...[...libraries].map((from) => program(from, join(programFiles.libraries, basename(from)))),
    ...shared.map((from) => program(from, join(programFiles.extensions, basename(from)))),
    program(process.execPath, programFiles.node),
    program(nsenter, programFiles.nsenter),
    program(filter, programFiles.filter),
    ...pluginSources.map((path) => ({
      text: plain(readFileSync(join(root, path), 'utf8')),
      to: join(programFiles.sources, path.replace(/\.ts$/, '.mjs')),
      mode: 0o444,
    })),
  ]
}

/** Without types, under names that Node takes for what they are then: nothing has to take types away at every call. */
const plain = (source: string): string =>
  stripTypeScriptTypes(source).replaceAll(/( from |import\()'(\.[^']*)\.ts'/g, "$1'$2.mjs'")

/** Libraries of this very process, its loader among them. */
function loadedLibraries(): string[] {
  const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] }
  return sharedObjects.filter((path) => path.startsWith('/'))
}

function librariesOf(loader: string, program: string): string[] {
  const listed = execFileSync(loader, ['--list', program], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return [...listed.matchAll(/=> (\/\S+)/g)]
    .map(([, path = '']) => path)
    .filter((path) => !/\/ld-linux[^/]*$/.test(path))
}

/** Names a version. Of modes and contents, so that it finds both where they are others on the node. */
function hashOf(wanted: readonly File[]): string {
  const hash = createHash('sha256')
  for (const file of wanted) {
    hash.update(`${file.to} ${file.mode.toString(8)}\n`)
    if ('text' in file) hash.update(file.text)
    else addTo(hash, file.from)
  }
  return hash.digest('hex').slice(0, 24)
}

/** In pieces: one of them is larger than half of the container's memory. */
function addTo(hash: Hash, path: string): void {
  const piece = Buffer.alloc(1 << 20)
  const file = openSync(path, 'r')
  try {
    for (let length = readSync(file, piece); length > 0; length = readSync(file, piece))
      hash.update(piece.subarray(0, length))
  } finally {
    closeSync(file)
  }
}

/** A node that lost its power may have the folder, and in it files of no length. */
function isWhole(place: string, wanted: readonly File[], version: string): boolean {
  try {
    const found = wanted.map(({ to }) => {
      const from = join(place, to)
      return { to, from, mode: statSync(from).mode & 0o777 }
    })
    return hashOf(found) === version
  } catch {
    return false
  }
}

/** Every file and folder is on the disk before its place has a name. Whatever stood there goes with the versions that nobody calls. */
function replace(place: string, wanted: readonly File[]): void {
  const folder = dirname(place)
  const draft = join(folder, `draft-${process.pid}`)
  rmSync(draft, { recursive: true, force: true })
  for (const file of wanted) put(join(draft, file.to), file)
  for (const made of new Set(wanted.flatMap(({ to }) => foldersOf(to)))) flush(join(draft, made))
  if (statSync(place, { throwIfNoEntry: false }) !== undefined)
    renameSync(place, join(folder, `broken-${process.pid}-${Date.now()}`))
  renameSync(draft, place)
  flush(folder)
}

/** `a/b/c`: `a/b`, `a`, `.`. */
function foldersOf(path: string): string[] {
  const above = dirname(path)
  return above === '.' ? [above] : [above, ...foldersOf(above)]
}

function put(path: string, file: File): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  if ('text' in file) writeFileSync(path, file.text)
  else copyFileSync(file.from, path)
  chmodSync(path, file.mode)
  flush(path)
}

function flush(path: string): void {
  const opened = openSync(path, 'r')
  try {
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}
