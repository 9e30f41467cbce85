// What is kept between two starts: one file, readable by its owner alone, with the key, the certificate and the tokens
// that are bound to them. Nothing that a server or a host said is ever in it.

import { createHash, randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
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
}

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
        await rm(fresh, { force: true })
        throw new CannotError(
          `${folder} cannot be written (${(error as NodeJS.ErrnoException).code}): give another folder with --state`,
        )
      }
    },
    forget: async () => await rm(file, { force: true }),
  }
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
