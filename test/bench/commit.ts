// Another commit of this repository as a checkout that runs, without touching this one.

import { spawnSync } from 'node:child_process'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { checkout } from '../../config/image/base.ts'

/** `name`: hash and subject. */
type Commit = { root: string; name: string }

/**
 * Writes the files of the commit `ref` into the new folder `root`, with this checkout's node_modules. Throws where there
 * is no such commit.
 */
export async function commitIn(root: string, ref: string): Promise<Commit> {
  const [hash = '', subject = ''] = git(
    ['log', '-1', '--format=%h%n%s', '--end-of-options', `${ref}^{commit}`, '--'],
    `There is no commit "${ref}" here: name one that "git log" lists`,
  )
    .toString()
    .split('\n')
  await mkdir(root)
  const files = git(['archive', '--format=tar', hash], `git gives no files of ${hash}`)
  const unpacked = spawnSync('tar', ['-x', '-C', root], { input: files })
  if (unpacked.status !== 0) throw new Error(`tar cannot unpack ${hash} into ${root}: is the disk full?`)
  await symlink(join(checkout, 'node_modules'), join(root, 'node_modules'))
  return { root, name: `${hash} ${subject}` }
}

function git(args: readonly string[], otherwise: string): Buffer {
  const { status, stdout, stderr } = spawnSync('git', ['-C', checkout, ...args], {
    maxBuffer: 1_000_000_000,
  })
  if (status !== 0) throw new Error(`${otherwise} (${stderr.toString().trim()})`)
  return stdout
}
