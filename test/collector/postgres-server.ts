// A real PostgreSQL in a folder of its own, with TLS, as user postgres. Ended and removed by whoever started it.

import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../support/free-port.ts'
import type { Certificate } from './peers.ts'

const programs = '/usr/lib/postgresql/15/bin'

export type Postgres = {
  url: string
  port: number
  start: () => void
  /** `immediate` is a crash: nothing is flushed on the way out. */
  stop: (how: 'fast' | 'immediate') => void
  /** Appends a line of configuration. */
  set: (line: string) => void
  sql: (text: string) => string
  remove: () => void
}

function asPostgres(program: string, ...args: string[]): string {
  const run = spawnSync('runuser', ['-u', 'postgres', '--', join(programs, program), ...args], {
    encoding: 'utf8',
    cwd: '/',
    // pg_ctl's server would hold our pipes open.
    stdio: program === 'pg_ctl' ? 'ignore' : 'pipe',
  })
  if (run.status !== 0)
    throw new Error(`${program} ${args.join(' ')}: ${run.stderr ?? run.error?.message ?? run.status}`)
  return run.stdout ?? ''
}

export async function aPostgres(certificate: Certificate): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), 'hipaa-mcp-pg-'))
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout),
  ) as [number, number]
  chownSync(folder, uid, gid)
  const cluster = join(folder, 'cluster')
  asPostgres(
    'initdb',
    '-D',
    cluster,
    '--auth=scram-sha-256',
    '--username=trail',
    `--pwfile=${secret(folder, uid, gid)}`,
    '--encoding=UTF8',
  )
  for (const [name, text] of [
    ['server.key', certificate.key],
    ['server.crt', certificate.cert],
  ] as const) {
    writeFileSync(join(cluster, name), text)
    chmodSync(join(cluster, name), 0o600)
    chownSync(join(cluster, name), uid, gid)
  }
  const port = await freePort()
  const set = (line: string): void =>
    writeFileSync(join(cluster, 'postgresql.conf'), `${line}\n`, { flag: 'a' })
  set(
    `port=${port}\nlisten_addresses='127.0.0.1'\nunix_socket_directories='${folder}'\nssl=on\nshared_buffers='32MB'`,
  )
  const start = (): void => {
    asPostgres('pg_ctl', '-D', cluster, '-l', join(folder, 'log'), '-w', '-t', '30', 'start')
  }
  const stop = (how: 'fast' | 'immediate'): void => {
    asPostgres('pg_ctl', '-D', cluster, '-m', how, '-w', 'stop')
  }
  start()
  return {
    url: `postgres://trail:correct-horse@localhost:${port}/postgres`,
    port,
    start,
    stop,
    set,
    sql: (text) =>
      spawnSync(
        'psql',
        ['-h', '127.0.0.1', '-p', String(port), '-U', 'trail', '-d', 'postgres', '-Atc', text],
        {
          encoding: 'utf8',
          env: { ...process.env, PGPASSWORD: 'correct-horse' },
        },
      ).stdout.trim(),
    remove: () => {
      try {
        stop('immediate')
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    },
  }
}

function secret(folder: string, uid: number, gid: number): string {
  const path = join(folder, 'password')
  writeFileSync(path, 'correct-horse\n', { mode: 0o600 })
  chownSync(path, uid, gid)
  return path
}
