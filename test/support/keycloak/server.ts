// Keycloak itself, from its own distribution: in production mode on loopback, with a database in memory. What it writes
// goes with it. test/setup.sh brings the distribution, and says which.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  cpSync,
  createWriteStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { cacheFolder } from '../../../config/image/cache.ts'
import { authority } from '../../sample/certificates.ts'
import { freePort } from '../free-port.ts'

export type Keycloak = {
  /** `https://localhost:PORT`. */
  url: string
  /** CA of its certificate, PEM. */
  ca: string
  /** Seconds from the start of the process to its first answer. */
  seconds: number
  /** Asks the admin REST API. Resolves to what it answered, or where what was made is found; rejects when it refuses. */
  admin(method: string, path: string, body?: object): Promise<unknown>
  /** Memory that the process holds, MiB. */
  memory(): number
  /** The end of its log. */
  log(): string
  stop(): Promise<void>
}

const name = 'keycloak-26.4.0'
const folder = join(cacheFolder, 'keycloak')
const zip = join(folder, 'keycloak-quarkus-dist-26.4.0.zip')
/** What is decided when Keycloak is built: it takes longer than all the rest of a start. */
const built = ['--db=dev-mem', '--https-client-auth=request']
/** A machine that does other things at the same time takes long, milliseconds. */
const patience = 240_000

/** `clientCas`: whose client certificates it takes, PEM. It asks every client for one, and refuses none that has none. */
export async function startKeycloak(clientCas: readonly string[]): Promise<Keycloak> {
  const home = mkdtempSync(join(tmpdir(), 'hipaa-mcp-keycloak-'))
  cpSync(await distribution(), join(home, name), { recursive: true })
  const file = (called: string, text: string): string => {
    writeFileSync(join(home, called), text, { mode: 0o600 })
    return join(home, called)
  }
  const own = await authority('authority of keycloak')
  const pair = await own.issue('keycloak', ['localhost'])
  const port = await freePort()
  const url = `https://localhost:${port}`
  const password = randomBytes(16).toString('hex')
  const began = performance.now()
  const child = spawn(
    join(home, name, 'bin/kc.sh'),
    [
      'start',
      '--optimized',
      `--hostname=${url}`,
      '--http-enabled=false',
      '--http-host=127.0.0.1',
      `--https-port=${port}`,
      `--https-certificate-file=${file('tls.crt', pair.cert)}`,
      `--https-certificate-key-file=${file('tls.key', pair.key)}`,
      `--truststore-paths=${file('client-cas.pem', clientCas.join(''))}`,
      '--cache=local',
    ],
    {
      // A group of its own: the script starts Java.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx768m',
        KC_BOOTSTRAP_ADMIN_USERNAME: 'admin',
        KC_BOOTSTRAP_ADMIN_PASSWORD: password,
      },
    },
  )
  const logFile = join(home, 'log')
  const log = createWriteStream(logFile)
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })
  const ended = once(child, 'close')
  const dispatcher = new Agent({ connect: { ca: own.cert } })
  const lastOfLog = (): string => readFileSync(logFile, 'utf8').slice(-2_000)

  async function stop(): Promise<void> {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
    await ended
    await dispatcher.close()
    rmSync(home, { recursive: true, force: true })
  }

  async function answers(): Promise<boolean> {
    const asked = request(`${url}/realms/master`, { dispatcher })
    return await asked.then(
      async ({ statusCode, body }) => {
        await body.dump()
        return statusCode === 200
      },
      () => false,
    )
  }

  while (!(await answers())) {
    if (child.exitCode === null && performance.now() - began < patience) {
      await sleep(200)
      continue
    }
    const said = lastOfLog()
    await stop()
    throw new Error(`Keycloak did not start:\n${said}`)
  }
  const seconds = (performance.now() - began) / 1_000

  async function token(): Promise<string> {
    const answer = await request(`${url}/realms/master/protocol/openid-connect/token`, {
      dispatcher,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'password',
        client_id: 'admin-cli',
        username: 'admin',
        password,
      }).toString(),
    })
    return ((await answer.body.json()) as { access_token: string }).access_token
  }

  return {
    url,
    ca: own.cert,
    seconds,
    async admin(method, path, body) {
      const answer = await request(`${url}/admin${path}`, {
        dispatcher,
        method,
        headers: {
          authorization: `Bearer ${await token()}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await answer.body.text()
      if (answer.statusCode >= 300)
        throw new Error(`${method} ${path} answered ${answer.statusCode}: ${text}\n${lastOfLog()}`)
      const { location } = answer.headers
      return text === '' ? location : (JSON.parse(text) as unknown)
    },
    memory: () => residentOf(child.pid ?? 0),
    log: lastOfLog,
    stop,
  }
}

/** Where the distribution lies, unpacked and built once for all runs on this machine. */
async function distribution(): Promise<string> {
  if (!existsSync(zip)) throw new Error(`${zip} is not there: run bash test/setup.sh keycloak`)
  const ready = join(folder, `built${built.join('')}`)
  if (existsSync(ready)) return join(ready, name)
  // Complete or not there at all, also when two begin at the same time.
  const making = mkdtempSync(join(folder, 'making-'))
  try {
    await ran('unzip', '-q', zip, '-d', making)
    await ran(join(making, name, 'bin/kc.sh'), 'build', ...built)
    if (!existsSync(ready)) renameSync(making, ready)
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
  return join(ready, name)
}

async function ran(command: string, ...args: string[]): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${command} ${args[0]} ended with ${code}`)
}

/** Resident memory of a process group, MiB. */
function residentOf(group: number): number {
  let kib = 0
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      // The group is the third field after the name, which may hold anything but a closing bracket after it.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '')
      if (Number(stat.split(' ')[2]) !== group) continue
      kib += Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
    } catch {
      // It ended meanwhile.
      continue
    }
  }
  return Math.round(kib / 1024)
}
