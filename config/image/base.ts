// The layer under every image that runs Node: Debian's libraries, its packet filter tools, and Node itself.

import { access } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { hashOf } from './cache.ts'
import { checkLibraries, packageEntries, unpacked } from './debian.ts'
import { hashOfFile, type Layer, layer } from './layer.ts'
import { type Log, progress } from './progress.ts'
import { copiedEntry, type Entry, fileEntry, folderEntry } from './tar.ts'

export const checkout = join(import.meta.dirname, '..', '..')

/** The users of a pod after injection: the sidecar's own, so that the guard can tell it from the rest, and everybody else's. */
export const sidecarUser = 64101
export const productUser = 64102

const packages = [
  // What the node binary is linked with.
  'libc6',
  'libgcc-s1',
  'libstdc++6',
  'libatomic1',
  // The guard's packet filter.
  'iptables',
  'libip4tc2',
  'libip6tc2',
  'libmnl0',
  'libnetfilter-conntrack3',
  'libnfnetlink0',
  'libnftnl11',
  'libxtables12',
  // What enters a pod's network namespace from outside of it, for the network plugin.
  'libselinux1',
  'libpcre2-8-0',
  // Authorities for programs that ask the system's; Node has its own.
  'ca-certificates',
] as const

const filter = 'usr/sbin/xtables-nft-multi'
/** One program of a package of a hundred: nothing else of it is wanted in a pod. */
const enter = { package: 'util-linux', program: 'usr/bin/nsenter' } as const

const copyright = `usr/share/doc/${enter.package}/copyright`

/** The base layer, made once for each set of package versions and Node binary. */
export async function baseLayer(log: Log): Promise<Layer> {
  const node = join(checkout, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node')
  await access(node).catch(() => {
    throw new Error(`${node} is missing: run npm ci in the checkout`)
  })
  const debian = await unpacked(packages, log)
  const tools = await unpacked([enter.package], log)
  const entering = join(tools.folder, enter.program)
  const key = hashOf(['base 3', debian.key, tools.key, await hashOfFile(node)])
  return await progress('packing the base layer', log, async () => {
    return await layer('base', key, 'gzip', async () => {
      await checkLibraries(debian.folder, [filter, relative(debian.folder, entering)])
      return [
        ...(await packageEntries(debian.folder)),
        ...accounts([]),
        await copiedEntry('usr/bin/node', node, 0o755),
        await copiedEntry(enter.program, entering, 0o755),
        await copiedEntry(copyright, join(tools.folder, copyright), 0o644),
        folderEntry('tmp', 0o1777),
      ]
    })
  })
}

type Account = { name: string; id: number; home: string }

/** The users and groups of an image: the product's own, and more. */
export function accounts(more: readonly Account[]): Entry[] {
  const all: Account[] = [
    { name: 'root', id: 0, home: '/root' },
    { name: 'hipaa-mcp-sidecar', id: sidecarUser, home: '/nonexistent' },
    { name: 'hipaa-mcp', id: productUser, home: '/nonexistent' },
    { name: 'nobody', id: 65534, home: '/nonexistent' },
    ...more,
  ]
  const passwd = all.map(({ name, id, home }) => `${name}:x:${id}:${id}::${home}:/usr/sbin/nologin\n`)
  const group = all.map(({ name, id }) => `${name}:x:${id}:\n`)
  return [fileEntry('etc/passwd', passwd.join('')), fileEntry('etc/group', group.join(''))]
}
