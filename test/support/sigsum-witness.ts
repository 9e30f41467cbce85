// Debian's sigsum-witness: a witness of another author, on loopback, with its state in a folder of its own.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type NoteKey, vkey } from '../../core/checkpoint.ts'
import { freePort } from './free-port.ts'

export type SigsumWitness = {
  /** Its line in a policy file, under the name `sigsum`. */
  line: string
  /** Name under which it knows the log of that key, as HIPAA_MCP_WITNESS_ORIGIN takes it. */
  origin: string
  url: string
  /** Kills it in whatever it does, and starts it again on what it kept. */
  killAndStart: () => Promise<void>
  /** Ends it, and waits. */
  stop: () => Promise<void>
  start: () => Promise<void>
}

const sigsumKey = (...args: string[]): string => execFileSync('sigsum-key', args, { encoding: 'utf8' }).trim()

/** A witness of one log, running. `folder` holds its key and what it signed. */
export async function aSigsumWitness(folder: string, log: NoteKey): Promise<SigsumWitness> {
  const path = (name: string): string => join(folder, name)
  sigsumKey('generate', '-o', path('key'))
  writeFileSync(path('log.vkey'), `${vkey({ ...log, kind: 'ed25519' })}\n`)
  sigsumKey('from-vkey', '-k', path('log.vkey'), '-o', path('log.pub'))
  const hash = sigsumKey('to-hash', '-k', path('key.pub'))
  const name = `sigsum.org/v1/witness/${hash}`
  const own = sigsumKey('to-vkey', '-k', path('key.pub'), '-n', name, '-t', 'cosignature/v1')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  let child: ChildProcess | undefined

  const start = async (): Promise<void> => {
    const args = ['-k', path('key'), '--log-key', path('log.pub'), '--state-file', path('state')]
    child = spawn('sigsum-witness', [...args, `127.0.0.1:${port}`], {
      // Debian's build answers 404 to everything without this.
      env: { PATH: process.env['PATH'] ?? '', GODEBUG: 'httpmuxgo121=0' },
      stdio: 'ignore',
    })
    for (let tries = 0; ; tries++) {
      const answers = await fetch(url).then(
        () => true,
        () => false,
      )
      if (answers) return
      if (tries > 200 || child.exitCode !== null) throw new Error('sigsum-witness does not start')
      await sleep(25)
    }
  }
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }
  await start()
  return {
    line: `witness sigsum ${own} ${url}\n`,
    // The tool derives the name from the key.
    origin: 'sigsum.org/v1/tree/{key}',
    url,
    start,
    killAndStart: async () => {
      await end('SIGKILL')
      await start()
    },
    stop: async () => await end('SIGTERM'),
  }
}
