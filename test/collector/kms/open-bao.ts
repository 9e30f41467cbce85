// A real OpenBao, the holder of keys that speaks Vault's API: its engine transit, with TLS, on what it keeps in a folder of its
// own. It opens its own seal when it starts. Ended and removed by whoever started it.

import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { VaultOptions } from '../../../collector/kms/vault.ts'
import { freePort } from '../../support/free-port.ts'
import type { Certificate } from '../peers.ts'

export const baoProgram = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'hipaa-mcp',
  'openbao',
  'bao',
)

export type OpenBao = {
  port: number
  /** Of the key `trail`, with a token of `aToken`. */
  options: Required<Pick<VaultOptions, 'url' | 'mount' | 'key' | 'tokenPath' | 'ca'>>
  /** Asks its API as root, below /v1/. Rejects when the answer is no success. */
  asRoot: (path: string, body?: object, method?: 'POST' | 'DELETE') => Promise<unknown>
  /** One that may use each key whose name begins with `trail`, of this name space (`NAME/`), and nothing else. */
  aToken: (namespace?: string) => Promise<string>
  makeKey: (name: string, type?: string) => Promise<void>
  /** Resolves when it answers, its seal open. */
  start: () => Promise<void>
  kill: () => Promise<void>
  /** Stops it wherever it is, as one that hangs, and lets it go on. */
  pause: () => void
  resume: () => void
  remove: () => Promise<void>
}

/** The policy of docs/keys.md, for every key whose name begins with `trail`. */
const policyIn = (namespace: string): string =>
  ['encrypt', 'decrypt']
    .map((verb) => `path "${namespace}transit/${verb}/trail*" { capabilities = ["update"] }`)
    .join('\n')

/** It serves seconds after it was started. Milliseconds. */
const patience = 60_000

export async function anOpenBao(certificate: Certificate, ca: string): Promise<OpenBao> {
  if (!existsSync(baoProgram)) throw new Error('OpenBao is missing: run bash test/setup.sh faults')
  const folder = mkdtempSync(join(tmpdir(), 'hipaa-mcp-openbao-'))
  const file = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  const [port, cluster] = [await freePort(), await freePort()]
  const url = `https://localhost:${port}`
  mkdirSync(join(folder, 'data'))
  const config = {
    // The shortest election: there is nobody else to wait for.
    storage: { raft: { path: join(folder, 'data'), node_id: '1', performance_multiplier: '1' } },
    listener: {
      tcp: {
        address: `127.0.0.1:${port}`,
        cluster_address: `127.0.0.1:${cluster}`,
        tls_cert_file: file('server.crt', certificate.cert),
        tls_key_file: file('server.key', certificate.key),
      },
    },
    seal: {
      static: {
        current_key_id: '1',
        current_key: `file://${file('seal', randomBytes(32).toString('base64'))}`,
      },
    },
    api_addr: url,
    cluster_addr: `https://127.0.0.1:${cluster}`,
  }
  const configPath = file('config.json', JSON.stringify(config))
  const log = join(folder, 'log')
  const dispatcher = new Agent({ connect: { ca } })
  let root = ''
  const ask = async (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => {
    const answer = await request(`${url}/v1/${path}`, {
      method,
      dispatcher,
      headers: { 'x-vault-token': root },
      signal: AbortSignal.timeout(10_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: answer.statusCode, text: await answer.body.text() }
  }
  const asRoot: OpenBao['asRoot'] = async (path, body, method = 'POST') => {
    const { status, text } = await ask(method, path, body)
    if (status >= 300) throw new Error(`OpenBao, ${path}: ${status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  let running: ChildProcess | undefined
  /** Until its health has this status: 501 before it was ever initialized, 200 when it serves. */
  const until = async (wanted: number): Promise<void> => {
    for (const end = performance.now() + patience; ; ) {
      const status = await ask('GET', 'sys/health').then(
        (answer) => answer.status,
        () => 0,
      )
      if (status === wanted) return
      if (running?.exitCode !== null || performance.now() > end)
        throw new Error(`OpenBao does not serve: ${readFileSync(log, 'utf8').slice(-4000)}`)
      await sleep(50)
    }
  }
  const begin = async (wanted: number): Promise<void> => {
    const out = openSync(log, 'a')
    // It ends with whoever started it, however that ended.
    const command = ['--pdeathsig', 'KILL', baoProgram, 'server', `-config=${configPath}`]
    running = spawn('setpriv', command, { cwd: folder, stdio: ['ignore', out, out] })
    closeSync(out)
    await until(wanted)
  }
  const kill = async (): Promise<void> => {
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    const gone = once(running, 'exit')
    running.kill('SIGKILL')
    await gone
  }

  await begin(501)
  const made = (await asRoot('sys/init', { recovery_shares: 1, recovery_threshold: 1 })) as {
    root_token: string
  }
  await until(200)
  root = made.root_token
  await asRoot('sys/mounts/transit', { type: 'transit' })
  const makeKey: OpenBao['makeKey'] = async (name, type = 'aes256-gcm96') =>
    void (await asRoot(`transit/keys/${name}`, { type, exportable: false, allow_plaintext_backup: false }))
  await makeKey('trail')
  const aToken: OpenBao['aToken'] = async (namespace = '') => {
    const name = `collector-${namespace.replace('/', '')}`
    await asRoot(`sys/policies/acl/${name}`, { policy: policyIn(namespace) })
    const made = { policies: [name], no_default_policy: true, period: '24h' }
    const { auth } = (await asRoot('auth/token/create', made)) as { auth: { client_token: string } }
    return auth.client_token
  }
  const tokenPath = file('token', await aToken())
  return {
    port,
    options: { url, mount: 'transit', key: 'trail', tokenPath, ca },
    asRoot,
    aToken,
    makeKey,
    start: async () => await begin(200),
    kill,
    pause: () => running?.kill('SIGSTOP'),
    resume: () => running?.kill('SIGCONT'),
    remove: async () => {
      await kill()
      await dispatcher.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
