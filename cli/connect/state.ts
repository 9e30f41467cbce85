// What is kept between two starts: one file, readable by its owner alone, with the key, the certificate and the tokens
// that are bound to them. Nothing that a server or a host said is ever in it.

import { createHash, randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CannotError } from '../command.ts'
import { endOf } from './keys.ts'
import type { Tokens } from './tokens.ts'

/** A login and what came of it. */
export type Session = {
  issuer: string
  client: string
  binding: 'Certificate' | 'DPoP'
  /** PEM. */
  key: string
  certificate: string
  tokens: Tokens
}

export interface State {
  /** What an earlier start left, as long as its certificate is good; undefined when there is none. */
  load(): Promise<Session | undefined>
  /** Replaces it whole. */
  save(session: Session): Promise<void>
  forget(): Promise<void>
  /**
   * Waits until no other program of this user logs in at the same server: two hosts that start together are one login.
   * Returns how to let the next one begin.
   */
  turn(): Promise<() => Promise<void>>
}

/** A person has five minutes for each of at most two, milliseconds. */
const longestLogin = 660_000

/** Where programs keep what is this machine's alone (XDG Base Directory). */
export function stateFolder(): string {
  const base = process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state')
  return join(base, 'hipaa-mcp', 'connect')
}

/** One file for each server and client program. Rejects with `CannotError` where it cannot be kept to its owner. */
export function keepState(folder: string, url: string, client: string): State {
  const name = createHash('sha256').update(`${url}\n${client}`).digest('hex').slice(0, 24)
  const file = join(folder, `${name}.json`)
  return {
    async load() {
      try {
        const session = JSON.parse(await readFile(file, 'utf8')) as Partial<Session>
        return isSession(session) && endOf(session.certificate) > Date.now() ? session : undefined
      } catch {
        // Not there, or not ours: a login makes a new one.
        return undefined
      }
    },
    async save(session) {
      const fresh = `${file}.${randomBytes(4).toString('hex')}`
      try {
        await mkdir(dirname(file), { recursive: true, mode: 0o700 })
        // A folder that was there before may be open to others.
        await chmod(folder, 0o700)
        await writeFile(fresh, JSON.stringify(session), { mode: 0o600, flag: 'wx' })
        // Two hosts at once each write a whole file; the last one counts.
        await rename(fresh, file)
      } catch (error) {
        // It may be that not even this can be done: what matters is said below.
        await rm(fresh, { force: true }).catch(() => undefined)
        throw unwritable(folder, error)
      }
    },
    forget: async () => await rm(file, { force: true }),
    async turn() {
      const taken = `${file}.login`
      for (;;) {
        try {
          await mkdir(dirname(file), { recursive: true, mode: 0o700 })
          await writeFile(taken, String(process.pid), { mode: 0o600, flag: 'wx' })
          return async () => await rm(taken, { force: true })
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unwritable(folder, error)
        }
        if (await isOver(taken)) await rm(taken, { force: true })
        else await sleep(250)
      }
    },
  }
}

/** Whether nobody is at it any more: the program has ended, or no login takes that long. */
async function isOver(file: string): Promise<boolean> {
  try {
    const [pid, { mtimeMs }] = await Promise.all([readFile(file, 'utf8'), stat(file)])
    if (Date.now() - mtimeMs > longestLogin) return true
    // A file that is not written yet names nobody.
    if (!/^\d+$/.test(pid)) return false
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    // No such program (another user's would be EPERM); or the file is gone, and its turn with it.
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

function unwritable(folder: string, error: unknown): CannotError {
  const { code } = error as NodeJS.ErrnoException
  return new CannotError(`${folder} cannot be written (${code}): give another folder with --state`)
}

function isSession(value: Partial<Session>): value is Session {
  return (
    ['issuer', 'client', 'key', 'certificate'].every(
      (member) => typeof value[member as keyof Session] === 'string',
    ) &&
    (value.binding === 'Certificate' || value.binding === 'DPoP') &&
    typeof value.tokens?.access === 'string' &&
    typeof value.tokens.expires === 'number'
  )
}
