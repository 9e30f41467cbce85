// The clients of five languages in front of the real packet filter and the sidecar's egress: none of them is told of a proxy, each
// has habits of its own (kept connections, IPv6 first, addresses remembered for good), and all that they know is a name.

import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { paths } from '../../core/identifiers.ts'
import type { Egress } from '../../core/policy.ts'
import { trustVariables } from '../../operator/admission/trust.ts'
import { writeTrust } from '../../sidecar/egress/model/trust.ts'
import { addresses, PodNetwork, type User } from '../bypass/pod.ts'
import { authority } from '../sample/certificates.ts'
import { verifies } from '../verifies.ts'
import type { Config } from './egress-clients/inside.ts'

const sidecar: User = { uid: 64_101 }
const app: User = { uid: 1_000 }
const root: User = { uid: 0, caps: '+all' }
const host = 'api.vendor.example'
const models = 'models.vendor.example'
const undeclared = 'https://elsewhere.example/'
const search = ['clinic.svc.cluster.local', 'svc.cluster.local', 'cluster.local']
const folder = 'test/nightly/egress-clients'
const postgres = '/usr/lib/postgresql/15/bin'
const password = 'synthetic-password'
const proxy = { host: addresses.outside, port: 3_128 }

let pod: PodNetwork
let config: Config
const here = (file: string): string => join(pod.stage, file)

beforeAll(async () => {
  const vendors = await authority('vendors')
  const stores = await authority('stores')
  pod = new PodNetwork({
    programs: [folder],
    resolvConf: `nameserver 127.0.0.1\nsearch ${search.join(' ')}\noptions ndots:5\n`,
  })
  const zone = { [models]: [addresses.foreign], 'ehr-db.clinic.svc.cluster.local': [addresses.outside] }
  const entries: Egress[] = [
    { kind: 'agreement', agreement: 'speech', host, port: 443 },
    {
      kind: 'agreement',
      agreement: 'models',
      host: models,
      port: 443,
      ca: vendors.cert,
      model: { vendor: 'OpenAI' },
    },
    { kind: 'store', store: 'db', host: 'ehr-db', port: 5_432, protocol: 'Postgres', ca: stores.cert },
  ]
  config = {
    resolver: addresses.outside,
    zone: { ...zone, [host]: [addresses.foreign] },
    // From an address of one family to one of the other.
    moved: { ...zone, [host]: [addresses.foreign6] },
    vendor: {
      pair: await vendors.issue(host, [host, models]),
      first: addresses.foreign,
      second: addresses.foreign6,
    },
    proxy,
    egress: entries,
    search,
    trust: { folder: here('gate'), keyFile: here('gate-key') },
    credential: 'sk-of-the-clinic',
  }
  // As volumes of the sidecar's.
  mkdirSync(here('gate'))
  writeFileSync(here('gate-key'), '')
  for (const file of ['gate', 'gate-key']) chownSync(here(file), sidecar.uid, sidecar.uid)
  writeFileSync(here('config.json'), JSON.stringify(config), { mode: 0o644 })
  mkdirSync(here('trust'))
  writeTrust(here('trust'), vendors.cert)
  execFileSync('go', [
    'build',
    '-o',
    here('go-client'),
    join(import.meta.dirname, 'egress-clients/client.go'),
  ])
  execFileSync('javac', ['-d', pod.stage, join(import.meta.dirname, 'egress-clients/Client.java')])
  cpSync(pythonPackages(), here('python'), { recursive: true })
  execFileSync('chmod', ['-R', 'a+rX', pod.stage])
  startPostgres(await stores.issue('ehr-db', ['ehr-db.clinic.svc']))
  await databaseRuns()
  const { status, stderr } = await pod.guard('set')
  expect(stderr).toBe('')
  expect(status).toBe(0)
}, 300_000)
afterAll(async () => {
  await pod.run('outside', owner(), [join(postgres, 'pg_ctl'), '-D', here('data'), '-m', 'immediate', 'stop'])
  pod.remove()
})

/** Where `test/setup.sh egress-clients` put the packages of python.txt. */
function pythonPackages(): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const lib = join(cache, 'hipaa-mcp', 'egress-clients', 'lib')
  const [version = ''] = readdirSync(lib).filter((name) => name.startsWith('python3'))
  return join(lib, version, 'site-packages')
}

let world: Awaited<ReturnType<PodNetwork['start']>>
let egress: typeof world
const program = (role: string) => [here('node'), here(`${folder}/inside.ts`), role, here('config.json')]
beforeEach(async () => {
  world = await pod.start('outside', root, program('world'))
  egress = await pod.start('pod', sidecar, program('sidecar'))
})
afterEach(async () => {
  await egress.stop()
  await world.stop()
})

type Client = { name: string; program: () => string[]; env?: () => NodeJS.ProcessEnv; keeps: boolean }
const python = (how: string): Client => ({
  name: `Python, ${how}`,
  program: () => ['/usr/bin/python3', here(`${folder}/client.py`), how],
  env: () => ({ PYTHONPATH: here('python') }),
  keeps: how !== 'urllib',
})
const node = (how: string): Client => ({
  name: `Node, ${how}`,
  program: () => [here('node'), here(`${folder}/client.ts`), how],
  keeps: true,
})
/** Its own resolver, and that of the C library. */
const go = (resolver: string): Client => ({
  name: `Go, ${resolver === 'go' ? 'its own resolver' : 'the resolver of libc'}`,
  program: () => [here('go-client')],
  env: () => ({ GODEBUG: `netdns=${resolver}` }),
  keeps: true,
})
const java = (name: string, ...options: string[]): Client => ({
  name: `Java, ${name}`,
  program: () => ['/usr/bin/java', '-Xmx64m', ...options, '-cp', pod.stage, 'Client'],
  keeps: true,
})
const clients: Client[] = [
  node('fetch'),
  node('https'),
  python('requests'),
  python('httpx'),
  python('urllib'),
  go('go'),
  go('cgo'),
  java('IPv6 first', '-Djava.net.preferIPv6Addresses=true'),
  java('addresses remembered for good', '-Dsun.net.inetaddr.ttl=-1'),
]

/** The variables that admission gives to an app whose TLS the sidecar ends. */
const trust = (folder = 'trust'): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(trustVariables).map(([name, value]) => [
      name,
      value.replaceAll(paths.trust, here(folder)),
    ]),
  )

type Answer = {
  host: string
  connection: number
  url: string
  authorization?: string
  error?: { code: string }
}
type Heard = { answer?: Answer; unknown?: string; milliseconds?: number }
const noProxy = {
  HTTP_PROXY: '',
  HTTPS_PROXY: '',
  http_proxy: '',
  https_proxy: '',
  NO_PROXY: '',
  no_proxy: '',
}

async function started({ program, env }: Client, more: NodeJS.ProcessEnv = {}, to = host) {
  const run = await pod.start('pod', app, [...program(), `https://${to}`, undeclared], {
    ...noProxy,
    HOME: pod.stage,
    ...trust(),
    ...env?.(),
    ...more,
  })
  return { ...run, heard: run.heard as unknown as Heard[] }
}

describe('an app that knows names alone', () => {
  for (const client of clients)
    verifies(
      'transmission:egress-by-name',
      `${client.name}: reaches the name, follows it to another address of the other family, and hears that another does not exist`,
      async () => {
        const run = await started(client)
        await expect.poll(() => run.heard.length, { timeout: 60_000 }).toBe(2)
        world.tell('move')
        await expect.poll(() => world.heard.map(({ from }) => from)).toContain(addresses.foreign6)
        run.tell('go on')
        await expect.poll(() => run.heard.length, { timeout: 60_000 }).toBe(4)
        await run.stop()

        const [one, two, three, last] = run.heard
        expect(one?.answer).toMatchObject({ host: addresses.foreign, connection: 1, url: '/one' })
        expect(two?.answer).toMatchObject({
          host: addresses.foreign,
          connection: client.keeps ? 1 : 2,
          url: '/two',
        })
        expect(three?.answer).toMatchObject({ host: addresses.foreign6, connection: 1, url: '/three' })
        expect(last?.unknown).toMatch(unknownName)
        expect(last?.milliseconds).toBeLessThan(5_000)
        expect(opened()).toBe(client.keeps ? 2 : 3)
      },
      150_000,
    )
})
/** What libraries say of a name that does not exist. */
const unknownName =
  /ENOTFOUND|Name or service not known|NameResolutionError|no such host|UnresolvedAddress|ConnectException/i
const opened = (): number =>
  egress.heard.filter(({ note }) => note !== undefined && 'what' in note && note.what === 'egress-opened')
    .length

describe('with a proxy of somebody’s in the environment', () => {
  const named = {
    HTTPS_PROXY: `http://${proxy.host}:${proxy.port}`,
    https_proxy: `http://${proxy.host}:${proxy.port}`,
  }

  for (const client of clients.filter(({ name }) => /Node, https|Node, fetch|Java, IPv6/.test(name)))
    test(`${client.name}: does not read it, and goes on`, async () => {
      const run = await started(client, named)
      await expect.poll(() => run.heard.length, { timeout: 60_000 }).toBe(2)
      await run.stop()

      expect(run.heard[1]?.answer?.host).toBe(addresses.foreign)
    })

  for (const client of clients.filter(({ name }) => /Python|Go/.test(name)))
    verifies(
      'transmission:egress-by-name',
      `${client.name}: obeys it, and reaches neither the proxy nor the vendor`,
      async () => {
        const ended = await pod.run('pod', app, [...client.program(), `https://${host}`, undeclared], {
          ...noProxy,
          HOME: pod.stage,
          ...trust(),
          ...client.env?.(),
          ...named,
        })

        expect(ended.status).not.toBe(0)
        expect(ended.stderr).toMatch(/refused/i)
        expect(world.heard).toEqual([])
        expect(opened()).toBe(0)
      },
    )
})

describe('before a model’s vendor, with what admission mounts', () => {
  // One that throws for a refusal says nothing of it.
  for (const client of clients.filter(({ name }) => !name.includes('urllib')))
    verifies('agreement:pod-ca', `${client.name}: trusts the gate, and hears what it refuses`, async () => {
      const run = await started(client, trust('gate'), models)
      await expect.poll(() => run.heard.length, { timeout: 60_000 }).toBe(2)
      await run.stop()

      expect(run.heard[0]?.answer?.error?.code).toBe('model-endpoint')
      expect(opened()).toBe(0)
    })

  verifies(
    'agreement:model-calls',
    'a call that the rules allow reaches it with the credential',
    async () => {
      const run = await started(node('model'), trust('gate'), models)
      await expect.poll(() => run.heard.length, { timeout: 60_000 }).toBe(2)
      await run.stop()

      expect(run.heard[1]?.answer).toMatchObject({
        host: addresses.foreign,
        url: '/v1/responses',
        authorization: 'Bearer sk-of-the-clinic',
      })
      expect(egress.heard.map(({ note }) => note)).toContainEqual(
        expect.objectContaining({ what: 'egress-opened', source: models, reason: 'rules-met' }),
      )
    },
  )
})

for (const mode of ['disable', 'allow', 'prefer'])
  verifies(
    'transmission:store-tls',
    `psql with sslmode=${mode}, by the Service’s short name: a real PostgreSQL sees TLS`,
    async () => {
      const { status, stdout, stderr } = await pod.run(
        'pod',
        app,
        [
          join(postgres, 'psql'),
          '-X',
          '-At',
          '-c',
          'select ssl, version from pg_stat_ssl where pid = pg_backend_pid()',
        ],
        { PGHOST: 'ehr-db', PGUSER: 'ehr', PGDATABASE: 'postgres', PGPASSWORD: password, PGSSLMODE: mode },
      )

      expect(stderr).toBe('')
      expect(stdout.trim()).toBe('t|TLSv1.3')
      expect(status).toBe(0)
    },
  )

const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres']))
function owner(): User {
  return { uid: id('-u'), gid: id('-g') }
}

/** A database that takes no connection without TLS. */
function startPostgres(pair: { cert: string; key: string }): void {
  const { uid, gid = uid } = owner()
  const as = { uid, gid, cwd: pod.stage }
  const data = here('data')
  mkdirSync(data)
  chownSync(data, uid, gid)
  writeFileSync(here('password'), password, { mode: 0o644 })
  const options = ['-D', data, '-U', 'ehr', '--auth=scram-sha-256', `--pwfile=${here('password')}`, '-N']
  execFileSync(join(postgres, 'initdb'), options, { ...as, stdio: 'pipe' })
  for (const [name, content] of [
    ['server.crt', pair.cert],
    ['server.key', pair.key],
    ['pg_hba.conf', 'hostssl all all all scram-sha-256\n'],
  ] as const) {
    writeFileSync(join(data, name), content)
    chmodSync(join(data, name), 0o600)
    chownSync(join(data, name), uid, gid)
  }
}

async function databaseRuns(): Promise<void> {
  const settings = [
    `listen_addresses=${addresses.outside}`,
    `unix_socket_directories=${here('data')}`,
    'fsync=off',
    'ssl=on',
    'ssl_cert_file=server.crt',
    'ssl_key_file=server.key',
  ]
  const words = settings.map((one) => `-c ${one}`).join(' ')
  const { status, stdout } = await pod.run('outside', owner(), [
    join(postgres, 'pg_ctl'),
    '-D',
    here('data'),
    '-w',
    '-l',
    here('data/log'),
    '-o',
    words,
    'start',
  ])
  expect(status, stdout).toBe(0)
}
