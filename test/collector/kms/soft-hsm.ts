// A real token: SoftHSM2 in a folder of its own. Needs Debian's softhsm2 and opensc, and pkcs11js compiled.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Pkcs11Options } from '../../../collector/kms/pkcs11.ts'
import { checkout } from '../../../config/image/base.ts'
import { addonIn } from '../../../config/image/pkcs11-addon.ts'
import { aFolder } from '../a-trail.ts'

const softHsmModule = '/usr/lib/softhsm/libsofthsm2.so'

const needed = [
  ['SoftHSM2', softHsmModule, 'apt-get install softhsm2 opensc'],
  ['pkcs11-tool', '/usr/bin/pkcs11-tool', 'apt-get install opensc'],
  ['the compiled pkcs11js', addonIn(join(checkout, 'node_modules')), 'node config/image/pkcs11-addon.ts'],
] as const

export type SoftHsm = {
  options: Pkcs11Options
  /** What the library's processes need in their environment. */
  environment: { SOFTHSM2_CONF: string }
  /** Makes an AES-256 key that cannot leave the token, or one that can. `id`: CKA_ID, hexadecimal. */
  makeKey: (id: string, how?: { extractable?: boolean; label?: string }) => void
  removeKey: (id: string) => void
  pin: string
  writePin: (pin: string) => void
  /** Stops the process in which the library runs, as a call that never returns does. */
  hang: () => void
  /** Takes the token away, and gives it back. */
  takeAway: () => void
  giveBack: () => void
}

/** A token with one key, until the test ends unless it has a folder of its own. Sets SOFTHSM2_CONF of this process, which its children inherit. */
export function aSoftHsm(folder = aFolder()): SoftHsm {
  for (const [what, path, write] of needed)
    if (!existsSync(path)) throw new Error(`${what} is missing: ${write}`)
  const tokens = join(folder, 'tokens')
  mkdirSync(tokens)
  const conf = join(folder, 'softhsm2.conf')
  writeFileSync(conf, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`)
  const environment = { SOFTHSM2_CONF: conf }
  process.env['SOFTHSM2_CONF'] = conf
  const run = (program: string, ...args: string[]): void => {
    const { status, stdout, stderr } = spawnSync(program, args, {
      encoding: 'utf8',
      env: { ...process.env, ...environment },
    })
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`)
  }
  const pin = '648219'
  const token = 'hipaa-mcp'
  run('softhsm2-util', '--init-token', '--free', '--label', token, '--pin', pin, '--so-pin', '73915588')
  const pinPath = join(folder, 'pin')
  const writePin = (text: string): void => writeFileSync(pinPath, `${text}\n`, { mode: 0o600 })
  writePin(pin)
  const asUser = (...args: string[]): void =>
    run(
      'pkcs11-tool',
      `--module=${softHsmModule}`,
      `--token-label=${token}`,
      '--login',
      `--pin=${pin}`,
      ...args,
    )
  const makeKey: SoftHsm['makeKey'] = (id, { extractable = false, label = 'trail' } = {}) =>
    asUser(
      '--keygen',
      '--key-type=aes:32',
      `--label=${label}`,
      `--id=${id}`,
      extractable ? '--extractable' : '--sensitive',
    )
  makeKey('01')
  const removeKey = (id: string): void => asUser('--delete-object', '--type=secrkey', `--id=${id}`)
  return {
    pin,
    removeKey,
    hang: () => {
      for (const pid of ownChildren('pkcs11-process.ts')) process.kill(pid, 'SIGSTOP')
    },
    options: { module: softHsmModule, token, object: 'trail', pinPath },
    environment,
    makeKey,
    writePin,
    takeAway: () => renameSync(tokens, `${tokens}.away`),
    giveBack: () => renameSync(`${tokens}.away`, tokens),
  }
}

/** Children of this process that run a program. */
function ownChildren(program: string): number[] {
  const pids = readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  )
  return pids.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(program)).map(Number)
}
