// Puts the plugin's programs on the node: Node and its sources, what enters a network namespace, and the packet filter's
// own, all with the loader and libraries of our image.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { hostFolder, pluginType, programFiles } from './on-host.ts'
import { writeWhole } from './write-file.ts'

/** The plugin and all that it imports, from the checkout's root. A test holds the list against the imports. */
export const pluginSources = [
  'core/guard-command.ts',
  'core/identifiers.ts',
  'core/is-object.ts',
  'sidecar/cni/api-server.ts',
  'sidecar/cni/guarded.ts',
  'sidecar/cni/in-pod.ts',
  'sidecar/cni/on-host.ts',
  'sidecar/cni/plugin.ts',
  'sidecar/cni/protocol.ts',
  'sidecar/guard/config.ts',
  'sidecar/guard/rules.ts',
  'sidecar/guard/set.ts',
] as const

const root = join(import.meta.dirname, '..', '..')
const nsenter = '/usr/bin/nsenter'
const filter = '/usr/sbin/xtables-nft-multi'

/** `plugins`: the runtime's folder of plugins. Returns the version that is in place. The one before stays, for a call that runs. */
export function installPrograms(plugins: string): string {
  const wanted = files()
  const version = hashOf(wanted)
  const folder = hostFolder(plugins)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  const place = join(folder, version)
  if (statSync(place, { throwIfNoEntry: false }) === undefined) {
    const draft = join(folder, `draft-${process.pid}`)
    rmSync(draft, { recursive: true, force: true })
    for (const file of wanted) put(join(draft, file.to), file)
    renameSync(draft, place)
  }
  const before = launcherVersion(plugins)
  writeWhole(join(plugins, pluginType), launcher(version), 0o755)
  for (const name of readdirSync(folder, { withFileTypes: true }))
    if (name.isDirectory() && name.name !== version && name.name !== before)
      rmSync(join(folder, name.name), { recursive: true, force: true })
  return version
}

/** The launcher goes first: nobody finds half a plugin. */
export function removePrograms(plugins: string): void {
  rmSync(join(plugins, pluginType), { force: true })
  rmSync(hostFolder(plugins), { recursive: true, force: true })
}

/** Where it lies it finds the rest, whatever the node calls that folder. */
const launcher = (version: string): string => `#!/bin/sh
# The packet filter of guarded pods (hipaa-mcp, docs/cni.md). The DaemonSet hipaa-mcp-cni writes this file.
unset NODE_OPTIONS LD_PRELOAD LD_LIBRARY_PATH
here="\${0%/*}/${pluginType}.d/${version}"
exec "$here/${programFiles.loader}" --library-path "$here/${programFiles.libraries}" "$here/${programFiles.node}" "$here/${programFiles.plugin}" "$here"
`

function launcherVersion(plugins: string): string | undefined {
  try {
    return /\.d\/([0-9a-f]+)"$/m.exec(readFileSync(join(plugins, pluginType), 'utf8'))?.[1]
  } catch {
    return undefined
  }
}

type File = { to: string; mode: number } & ({ from: string } | { text: string })

const program = (from: string, to: string): File => ({ from, to, mode: 0o555 })

function files(): File[] {
  const loaded = loadedLibraries()
  const loader = loaded.find((path) => /\/ld-linux[^/]*$/.test(path))
  const libc = loaded.find((path) => /\/libc\.so\.\d+$/.test(path))
  if (loader === undefined || libc === undefined)
    throw new Error('this program has no loader of glibc: build the image from its recipe')
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
  stripTypeScriptTypes(source).replaceAll(/( from '\.[^']*)\.ts'/g, "$1.mjs'")

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

function hashOf(wanted: readonly File[]): string {
  const hash = createHash('sha256')
  for (const file of wanted)
    hash.update(`${file.to}\n`).update('text' in file ? file.text : readFileSync(file.from))
  return hash.digest('hex').slice(0, 24)
}

function put(path: string, file: File): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  if ('text' in file) writeFileSync(path, file.text)
  else copyFileSync(file.from, path)
  chmodSync(path, file.mode)
}
