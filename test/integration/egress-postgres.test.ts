// A real PostgreSQL with TLS and SCRAM behind the sidecar's egress, real drivers in front of it that know nothing of TLS.

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client, type ClientConfig } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { aScene, listening, type Scene, storeAddress, storeEntry, storesCa } from '../sidecar/egress/scene.ts'
import { freePort } from '../support/free-port.ts'
import { verifies } from '../verifies.ts'

const run = promisify(execFile)
const programs = '/usr/lib/postgresql/15/bin'
const password = 'synthetic-password'
const storeName = '127.64.0.1'

let folder: string
let ids: { uid: number; gid: number }
let port: number
let wire: Server
/** All bytes that left for the database, and all that came back. */
let onTheWire: Buffer[]
let scene: Scene

const asPostgres = async (program: string, ...args: string[]) =>
  await run(join(programs, program), args, { ...ids, cwd: folder })

/** Starts it with these settings; pg_ctl waits until it takes connections. */
async function start(...settings: string[]): Promise<void> {
  const options = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder}`,
    'fsync=off',
    ...settings,
  ]
  await asPostgres(
    'pg_ctl',
    '-D',
    join(folder, 'data'),
    '-w',
    '-l',
    join(folder, 'log'),
    '-o',
    options.map((one) => `-c ${one}`).join(' '),
    'start',
  )
}
const stop = async () =>
  await asPostgres('pg_ctl', '-D', join(folder, 'data'), '-w', '-m', 'immediate', 'stop')
const withTls = [`ssl=on`, 'ssl_cert_file=server.crt', 'ssl_key_file=server.key']

beforeAll(async () => {
  const { stdout } = await run('id', ['-u', 'postgres'])
  ids = { uid: Number(stdout), gid: Number((await run('id', ['-g', 'postgres'])).stdout) }
  folder = await mkdtemp(join(tmpdir(), 'hipaa-mcp-postgres-'))
  await chown(folder, ids.uid, ids.gid)
  const data = join(folder, 'data')
  await writeFile(join(folder, 'password'), password, { mode: 0o644 })
  await asPostgres(
    'initdb',
    '-D',
    data,
    '-U',
    'ehr',
    '--auth=scram-sha-256',
    `--pwfile=${join(folder, 'password')}`,
    '-N',
  )
  const pair = await (await storesCa()).issue('ehr-db', ['ehr-db.clinic.svc'])
  for (const [name, text] of [
    ['server.crt', pair.cert],
    ['server.key', pair.key],
    // Plain text is not even refused by the database: that it never comes is the sidecar's doing.
    ['pg_hba.conf', 'host all all all scram-sha-256\n'],
  ] as const) {
    await writeFile(join(data, name), text)
    await chmod(join(data, name), 0o600)
    await chown(join(data, name), ids.uid, ids.gid)
  }
  port = await freePort()
  await start(...withTls)
})
afterAll(async () => {
  await stop()
  await rm(folder, { recursive: true, force: true })
})

beforeEach(async () => {
  const bytes: Buffer[] = []
  onTheWire = bytes
  wire = await listening(
    createServer({ allowHalfOpen: true }, (socket) => {
      const database = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
      for (const [one, other] of [
        [socket, database],
        [database, socket],
      ] as const) {
        one.on('data', (chunk: Buffer) => bytes.push(chunk))
        one.on('error', () => other.destroy())
        one.pipe(other)
      }
    }),
  )
  scene = await aScene({ egress: [storeEntry((await storesCa()).cert)], servers: { [storeAddress]: wire } })
})
afterEach(async () => await scene.close())

const settings = (): ClientConfig => ({
  host: storeName,
  port: scene.egress.ports.egress,
  user: 'ehr',
  database: 'postgres',
  password,
  ssl: false,
})
async function query(text: string, values: unknown[] = []) {
  const client = new Client(settings())
  await client.connect()
  try {
    return (await client.query(text, values)).rows as Record<string, unknown>[]
  } finally {
    await client.end()
  }
}
const psql = (sql: string, mode: string) => {
  const child = spawn(join(programs, 'psql'), ['-X', '-At', '-v', 'ON_ERROR_STOP=1', '-c', sql], {
    env: {
      PATH: process.env['PATH'],
      PGHOST: storeName,
      PGPORT: String(scene.egress.ports.egress),
      PGUSER: 'ehr',
      PGDATABASE: 'postgres',
      PGPASSWORD: password,
      PGSSLMODE: mode,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = (async () => {
    const said: string[] = []
    child.stdout.on('data', (chunk: Buffer) => said.push(chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()))
    const [code] = (await once(child, 'close')) as [number]
    return { code, said: said.join('').trim() }
  })()
  return { child, ended }
}

verifies(
  'transmission:store-tls',
  'the database sees TLS, the driver none, and nothing of it is readable on the wire',
  async () => {
    const [row] = await query(
      'select ssl, version, $1::text as note from pg_stat_ssl where pid = pg_backend_pid()',
      ['Robin Testcase'],
    )

    expect(row).toEqual({ ssl: true, version: 'TLSv1.3', note: 'Robin Testcase' })
    const bytes = Buffer.concat(onTheWire).toString('latin1')
    expect(bytes.length).toBeGreaterThan(1_000)
    for (const text of ['Robin Testcase', 'pg_stat_ssl', 'postgres', 'SCRAM'])
      expect(bytes).not.toContain(text)
  },
)

for (const mode of ['disable', 'allow', 'prefer']) {
  verifies(
    'transmission:store-tls',
    `libpq with sslmode=${mode} logs in by SCRAM and is carried by TLS`,
    async () => {
      const { code, said } = await psql('select ssl from pg_stat_ssl where pid = pg_backend_pid()', mode)
        .ended

      expect({ code, said }).toEqual({ code: 0, said: 't' })
    },
  )
}

test('a driver that insists on TLS by itself is told that it finds none here', async () => {
  const { code, said } = await psql('select 1', 'require').ended

  expect(code).not.toBe(0)
  expect(said).toContain('server does not support SSL')
})

test('megabytes come and go unharmed', async () => {
  const text = 'x'.repeat(4_000_000)

  const [row] = await query('select md5($1::text) = md5(repeat($2, $3::int)) as same, $1::text as back', [
    text,
    'x',
    text.length,
  ])

  expect(row?.['same']).toBe(true)
  expect(row?.['back']).toBe(text)
})

test('a query is cancelled, by a connection of its own', async () => {
  const { child, ended } = psql('select pg_sleep(60)', 'disable')
  await expect
    .poll(
      async () =>
        await query(
          "select 1 from pg_stat_activity where state = 'active' and query like 'select pg_sleep%'",
        ),
      { timeout: 10_000 },
    )
    .toHaveLength(1)

  child.kill('SIGINT')

  expect((await ended).said).toContain('canceling statement due to user request')
})

test('a wrong password is the database’s own refusal', async () => {
  await expect(new Client({ ...settings(), password: 'another' }).connect()).rejects.toMatchObject({
    code: '28P01',
  })
})

verifies(
  'transmission:store-tls',
  'a database without TLS gets nothing, and the app’s driver shows why',
  async () => {
    await stop()
    await start('ssl=off')
    try {
      await expect(query('select 1')).rejects.toMatchObject({
        code: '08004',
        message: expect.stringContaining('turn on ssl at the database') as string,
      })
      // The request for TLS, and the database's no.
      expect(Buffer.concat(onTheWire)).toEqual(Buffer.from('0000000804d2162f4e', 'hex'))
      await expect.poll(() => scene.refusals()).toEqual(['store-without-tls'])
    } finally {
      await stop()
      await start(...withTls)
    }
  },
)
