// Debian packages, fetched and unpacked without installing them.

import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { cached, cacheFolder, exists, hashOf } from './cache.ts'
import { hashOfFile } from './layer.ts'
import { type Log, progress } from './progress.ts'
import { run } from './run.ts'
import { type Entry, entriesOf, fileEntry } from './tar.ts'

export type Package = { file: string; uri: string; sha256: string }

/** The packages as this machine's Debian release has them now, with the hashes that its signed index states. */
export async function resolve(packages: readonly string[]): Promise<Package[]> {
  const printed = await run('apt-get', ['download', '--print-uris', '-qq', ...packages], {
    env: { LC_ALL: 'C' },
  }).catch((error: unknown) => {
    throw new Error(
      `The image is made of Debian packages, and apt does not know some of them: run apt-get update on a Debian 12 machine and try again (${String(error)})`,
    )
  })
  const found = [...printed.matchAll(/^'([^']+)' (\S+) \d+ SHA256:([0-9a-f]{64})/gm)].map(
    ([, uri = '', file = '', sha256 = '']) => ({ uri, file, sha256 }),
  )
  if (found.length !== packages.length) {
    throw new Error(
      `apt names ${found.length} of ${packages.length} packages with a SHA-256: run apt-get update and try again`,
    )
  }
  return found.toSorted((a, b) => (a.file < b.file ? -1 : 1))
}

/** Changes when any package would. */
export const packagesKey = (packages: readonly Package[]): string =>
  hashOf(packages.map(({ sha256 }) => sha256))

/** Fetches and unpacks packages into `folder`; every file fetched is held against the hash of the signed index. */
export async function unpack(
  packages: readonly Package[],
  names: readonly string[],
  folder: string,
  log: Log,
): Promise<void> {
  const store = join(cacheFolder, 'debs')
  await mkdir(store, { recursive: true })
  await mkdir(folder, { recursive: true })
  const missing: Package[] = []
  for (const item of packages) if (!(await exists(join(store, item.sha256)))) missing.push(item)
  if (missing.length > 0) {
    await progress(
      `fetching ${missing.length} Debian packages`,
      log,
      async () => await fetchAll(names, missing, store),
    )
  }
  for (const { sha256 } of packages) await run('dpkg-deb', ['-x', join(store, sha256), folder])
}

async function fetchAll(names: readonly string[], missing: readonly Package[], store: string): Promise<void> {
  const wanted = names.filter((name) => missing.some(({ file }) => file.startsWith(`${name}_`)))
  const draft = join(store, `fetch-${process.pid}`)
  await mkdir(draft)
  try {
    // apt's own sandbox user may not write here; root fetches, and every hash is checked below.
    await run('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', ...wanted], { cwd: draft })
    for (const file of await readdir(draft)) {
      const sha256 = await hashOfFile(join(draft, file))
      if (!missing.some((item) => item.sha256 === sha256)) {
        throw new Error(`${file} is not what the package index states: run apt-get update and try again`)
      }
      await rename(join(draft, file), join(store, sha256))
    }
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

// What no program reads. Copyright files stay: licences ask for them.
const unread = [
  /^usr\/share\/(man|info|locale|lintian|bug|bash-completion|doc-base|menu|applications|icons|pixmaps)(\/|$)/,
  /^usr\/share\/doc\/[^/]+\/(?!copyright$)/,
  /^usr\/lib\/[^/]+\/(gconv|audit)(\/|$)/,
  /^(etc\/(init\.d|cron[^/]*|logrotate\.d|default|pam\.d|systemd|ld\.so\.conf\.d)|lib\/systemd|usr\/lib\/systemd|var)(\/|$)/,
]

/** The unpacked packages' files, without those that no program reads, and with the bundle of certificate authorities. */
export async function packageEntries(folder: string): Promise<Entry[]> {
  const entries = await entriesOf(folder, '', (path) => !unread.some((pattern) => pattern.test(path)))
  const authorities = join(folder, 'usr', 'share', 'ca-certificates', 'mozilla')
  if (!(await exists(authorities))) return entries
  const files = (await readdir(authorities)).toSorted()
  const texts = await Promise.all(files.map(async (file) => await readFile(join(authorities, file), 'utf8')))
  return [
    ...entries,
    fileEntry('etc/ssl/certs/ca-certificates.crt', texts.map((text) => `${text.trimEnd()}\n`).join('')),
  ]
}

/**
 * Rejects if a program in `folder` needs a library that is not there too. The loader looks in the folder alone, so that
 * what this machine has installed does not count.
 */
export async function checkLibraries(folder: string, programs: readonly string[]): Promise<void> {
  const libraries: string[] = []
  for (const base of ['lib', 'usr/lib']) {
    for (const entry of await readdir(join(folder, base)).catch(() => [])) {
      if (entry.endsWith('-linux-gnu')) libraries.push(join(folder, base, entry))
    }
  }
  const loader = await loaderOf(libraries)
  for (const program of programs) {
    const listed = await run(
      loader,
      ['--inhibit-cache', '--library-path', libraries.join(':'), '--list', join(folder, program)],
      {
        env: { LD_LIBRARY_PATH: '' },
        accept: [1, 127],
      },
    )
    const stray = listed
      .split('\n')
      .filter((line) => line.includes('not found') || (/=> \//.test(line) && !line.includes(`=> ${folder}/`)))
    const foreign = stray.filter((line) => !line.includes('ld-linux'))
    if (foreign.length > 0 || !listed.includes('=>')) {
      throw new Error(
        `${program} lacks libraries; add their Debian packages to the recipe:\n${foreign.join('\n') || listed}`,
      )
    }
  }
}

async function loaderOf(libraries: readonly string[]): Promise<string> {
  for (const folder of libraries) {
    for (const name of ['ld-linux-x86-64.so.2', 'ld-linux-aarch64.so.1']) {
      const path = join(folder, name)
      if (
        await stat(path).then(
          () => true,
          () => false,
        )
      )
        return path
    }
  }
  throw new Error('The recipe holds no program loader: it must name the package libc6')
}

/** A folder of the cache that holds the unpacked packages. */
export async function unpacked(
  packages: readonly string[],
  log: Log,
): Promise<{ folder: string; key: string }> {
  const found = await resolve(packages)
  const key = packagesKey(found)
  const folder = join(cacheFolder, 'roots', key.slice(0, 24))
  await cached(folder, async (draft) => await unpack(found, packages, draft, log))
  return { folder, key }
}
