// The DaemonSet's program: puts the plugin on its node, keeps it in the network configuration and its token fresh, and
// takes all of it away again when the DaemonSet is deleted. While it is replaced by a newer one everything stays.

import { readFileSync, watch } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { env, exit } from 'node:process'
import { hostPort } from '../../core/host-port.ts'
import { cniPlugin } from '../../core/identifiers.ts'
import { idOf } from '../../core/log.ts'
import { read } from './api-server.ts'
import { follow } from './enrolled.ts'
import { jsonLog, reasonOf } from './log.ts'
import { enter, leave } from './network-list.ts'
import { type Access, healthPort, hostFiles, hostFolder } from './on-host.ts'
import { installPrograms, launcherAnswers, removePrograms } from './programs.ts'
import { writeWhole } from './write-file.ts'

const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = env
const plugins = env['HIPAA_MCP_CNI_PLUGINS'] || '/host/plugins'
const networks = env['HIPAA_MCP_CNI_NETWORKS'] || '/host/networks'
const account = env['HIPAA_MCP_CNI_ACCOUNT'] || '/var/run/secrets/kubernetes.io/serviceaccount'
const health = Number(env['HIPAA_MCP_CNI_HEALTH'] || healthPort)
/** How often what is on the node is compared, milliseconds; a change of the configuration is seen at once. */
const lookEvery = 2_000
/** The list is asked for anew every minute at the latest. */
const silenceIsFault = 150_000

const log = jsonLog()

const inAccount = (name: string): string => readFileSync(join(account, name), 'utf8')
const access = (): Access => ({
  server: `https://${hostPort(host, port)}`,
  ca: inAccount('ca.crt'),
  token: inAccount('token').trim(),
})
const stated = (name: string, content: object): void =>
  writeWhole(join(hostFolder(plugins), name), `${JSON.stringify(content)}\n`, 0o600)

let listed: number | undefined
let entered = false
/** It was entered once, whatever came after: a list that somebody is writing cannot be read for a moment. */
let stood = false
let restored = 0
let fault = ''

/** Whatever is missing on the node is put there. */
function keep(): void {
  try {
    stated(hostFiles.access, access())
    // Pods ask the plugin as soon as it stands in the configuration: it must know what to answer by then.
    if (listed === undefined) return
    const written = enter(networks)
    if (written && stood) {
      restored += 1
      log.error('Somebody took the plugin out of the network configuration; it is there again', {
        restored,
      })
    } else if (written) log.info('The plugin stands in the network configuration')
    entered = true
    stood = true
    fault = ''
  } catch (error) {
    entered = false
    tell(error)
  }
}

/** Once for the same reason: it comes every few seconds. */
function tell(error: unknown): void {
  const reason = reasonOf(error)
  const words = reason.settings ?? reason.error ?? ''
  if (words !== fault) log.error('Pods that need the plugin do not start on this node', reason)
  fault = words
}

async function isDeleted(): Promise<boolean> {
  try {
    const namespace = inAccount('namespace').trim()
    const seen = (await read(access(), `/apis/apps/v1/namespaces/${namespace}/daemonsets/${cniPlugin}`)) as
      | { metadata?: { deletionTimestamp?: string } }
      | undefined
    return seen === undefined || seen.metadata?.deletionTimestamp !== undefined
  } catch (error) {
    log.info('Whether the DaemonSet is deleted is not known, so the plugin stays', reasonOf(error))
    return false
  }
}

/** Ends the process where it cannot: the kubelet starts it again, and the DaemonSet is not ready meanwhile. */
function installed(): string {
  try {
    return installPrograms(plugins)
  } catch (error) {
    tell(error)
    // The version before may go on. One that does not answer would keep every pod of the node from starting.
    if (!launcherAnswers(plugins)) leave(networks)
    return exit(1)
  }
}

const version = installed()
log.info('The programs of the plugin are in place', { version: idOf(version) })
keep()

const ending = new AbortController()
const following = follow(
  {
    access,
    write: (enrolled) => {
      stated(hostFiles.enrolled, enrolled)
      listed = Date.now()
      keep()
    },
    heard: (error) => {
      if (error !== undefined) log.error('The API server was not heard', reasonOf(error))
    },
  },
  ending.signal,
)
const looking = setInterval(keep, lookEvery)
const watching = watch(networks, () => keep())

/** On the node's loopback alone: it shares the node's network. */
const server = createServer((request, response) => {
  const ready = entered && listed !== undefined && Date.now() - listed < silenceIsFault
  if (request.url === '/metrics') {
    response.setHeader('content-type', 'text/plain; version=0.0.4')
    response.end(
      `# HELP hipaa_mcp_cni_restored_total How often the plugin was put back into the node's network configuration.\n# TYPE hipaa_mcp_cni_restored_total counter\nhipaa_mcp_cni_restored_total ${restored}\n`,
    )
  } else response.writeHead(ready ? 200 : 503).end(fault)
}).listen(health, '127.0.0.1')

async function end(): Promise<void> {
  clearInterval(looking)
  watching.close()
  ending.abort()
  server.close()
  await following
  if (await isDeleted()) {
    leave(networks)
    removePrograms(plugins)
    log.info('The plugin was taken off this node')
  }
  exit(0)
}
let ends = false
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    if (!ends) void end()
    ends = true
  })
