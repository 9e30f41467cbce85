// A real Kafka broker (KRaft, one node) in a folder of its own, with TLS and SCRAM. Ended and removed by whoever started it.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../support/free-port.ts'
import type { Certificate } from '../peers.ts'

const jars = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'hipaa-mcp', 'kafka', 'lib')

/** Of the jars that are here. */
export const kafkaVersion = (): string =>
  /kafka-clients-(.+)\.jar/.exec(readdirSync(jars).join('\n'))?.[1] ?? 'unknown'

export type Broker = {
  /** `localhost:port`. */
  address: string
  /** Of a store whose topics begin with the prefix. */
  url: (prefix: string) => string
  /** Folder of what it keeps. */
  data: string
  start: () => Promise<void>
  /** SIGKILL is a crash; SIGSTOP a broker that hangs; SIGCONT ends that. */
  signal: (signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT') => Promise<void>
  remove: () => Promise<void>
}

/** `through`: port of localhost that clients are told to come to, where something stands before it. */
export async function aBroker(
  certificate: Certificate,
  ca: string,
  { through }: { through?: (port: number) => Promise<number> } = {},
): Promise<Broker> {
  if (!existsSync(jars)) throw new Error('Kafka is missing: run bash test/setup.sh kafka')
  const folder = mkdtempSync(join(tmpdir(), 'hipaa-mcp-kafka-'))
  const [port, controller] = [await freePort(), await freePort()]
  const advertised = (await through?.(port)) ?? port
  const properties = join(folder, 'server.properties')
  const log = join(folder, 'log')
  const pem = join(folder, 'server.pem')
  writeFileSync(pem, `${certificate.key}\n${certificate.cert}`, { mode: 0o600 })
  const trusted = join(folder, 'ca.pem')
  writeFileSync(trusted, ca)
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule'
  writeFileSync(
    properties,
    Object.entries({
      'process.roles': 'broker,controller',
      'node.id': '1',
      'controller.quorum.voters': `1@localhost:${controller}`,
      listeners: `SASL_SSL://localhost:${port},CONTROLLER://localhost:${controller}`,
      'advertised.listeners': `SASL_SSL://localhost:${advertised}`,
      'inter.broker.listener.name': 'SASL_SSL',
      'controller.listener.names': 'CONTROLLER',
      'listener.security.protocol.map': 'SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT',
      'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
      'sasl.mechanism.inter.broker.protocol': 'SCRAM-SHA-512',
      'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': `${scram} required username="trail" password="correct-horse";`,
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': pem,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': trusted,
      'ssl.endpoint.identification.algorithm': 'https',
      'log.dirs': join(folder, 'data'),
      'auto.create.topics.enable': 'false',
      'offsets.topic.replication.factor': '1',
      'log.index.size.max.bytes': '65536',
    })
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )
  const java = (...args: string[]): string[] => [
    '-Xmx256m',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-cp',
    `${jars}/*`,
    ...args,
  ]
  const format = spawnSync(
    'java',
    java(
      'kafka.tools.StorageTool',
      'format',
      '--cluster-id=MkU3OEVBNTcwNTJENDM2Qk',
      `--config=${properties}`,
      '--add-scram=SCRAM-SHA-512=[name=trail,password=correct-horse]',
    ),
    { encoding: 'utf8' },
  )
  if (format.status !== 0) throw new Error(`Kafka’s storage cannot be made: ${format.stderr}${format.stdout}`)

  let running: ChildProcess | undefined
  const start = async (): Promise<void> => {
    const out = openSync(log, 'a')
    // It ends with whoever started it, however that ended.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'java', ...java('kafka.Kafka', properties)], {
      cwd: folder,
      stdio: ['ignore', out, out],
    })
    closeSync(out)
    running = child
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`Kafka ended: ${readFileSync(log, 'utf8').slice(-4000)}`)
      await sleep(100)
    }
  }
  const signal: Broker['signal'] = async (name) => {
    if (running === undefined) return
    const gone = name === 'SIGKILL' ? once(running, 'exit') : undefined
    running.kill(name)
    await gone
  }
  await start()
  return {
    address: `localhost:${advertised}`,
    url: (prefix) => `kafka://trail:correct-horse@localhost:${advertised}/${prefix}`,
    data: join(folder, 'data'),
    start,
    signal,
    remove: async () => {
      await signal('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, 'localhost')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
