// How we prove to the API server who we are. KubeConfig knows every form of credential; the bytes go over undici.

import { KubeConfig } from '@kubernetes/client-node'
import { Agent, type Dispatcher } from 'undici'
import { BadSettings } from '../../core/log.ts'

export interface Credentials {
  /** Base URL of the API server, without a slash at its end. */
  readonly server: string
  readonly dispatcher: Dispatcher
  /** Headers of one request. Reads a rotated in-cluster token at most a minute after it was written. */
  headers(): Promise<Record<string, string>>
  /** After a 401: reads token, certificate and CA anew. */
  refresh(): Promise<void>
  close(): Promise<void>
}

/** Credentials of the pod's ServiceAccount, or of the kubeconfig that the environment names. */
export async function credentials(load: () => KubeConfig = fromEnvironment): Promise<Credentials> {
  let current = await open(load())
  let refreshing: Promise<void> | undefined
  const renew = async (): Promise<void> => {
    const before = current
    current = await open(load())
    // Requests in flight on the old connections end by themselves; nothing new begins there.
    before.agent.close().catch(() => undefined)
  }
  return {
    get server() {
      return current.server
    },
    get dispatcher() {
      return current.agent
    },
    headers: async () => await current.headers(),
    refresh: async () => {
      refreshing ??= renew().finally(() => {
        refreshing = undefined
      })
      await refreshing
    },
    close: async () => await current.agent.close(),
  }
}

function fromEnvironment(): KubeConfig {
  const config = new KubeConfig()
  config.loadFromDefault()
  return config
}

type Options = { headers?: Record<string, string>; auth?: string } & {
  ca?: Buffer
  cert?: Buffer
  key?: Buffer
  servername?: string
  rejectUnauthorized?: boolean
}

async function open(config: KubeConfig) {
  const cluster = config.getCurrentCluster()
  if (cluster === null)
    throw new BadSettings(
      'No API server: run in a pod with a ServiceAccount, or set KUBECONFIG to a kubeconfig',
    )
  const tls = await optionsOf(config)
  const agent = new Agent({
    connect: {
      timeout: 5_000,
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls.key === undefined ? {} : { key: tls.key }),
      ...(tls.servername === undefined ? {} : { servername: tls.servername }),
      ...(tls.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: tls.rejectUnauthorized }),
    },
    connections: 64,
    pipelining: 1,
  })
  let last: { headers: Record<string, string>; at: number } | undefined
  return {
    server: cluster.server.replace(/\/+$/, ''),
    agent,
    headers: async (): Promise<Record<string, string>> => {
      const now = performance.now()
      if (last === undefined || now - last.at >= remembered)
        last = { headers: await headersOf(config), at: now }
      return last.headers
    },
  }
}

/** KubeConfig reads the CA's file and makes an agent besides, each time: milliseconds for which its answer stands. */
const remembered = 1_000

async function headersOf(config: KubeConfig): Promise<Record<string, string>> {
  const { headers = {}, auth } = await optionsOf(config)
  return auth === undefined
    ? headers
    : { ...headers, Authorization: `Basic ${Buffer.from(auth).toString('base64')}` }
}

async function optionsOf(config: KubeConfig): Promise<Options> {
  const options: Options = {}
  await config.applyToHTTPSOptions(options as Parameters<KubeConfig['applyToHTTPSOptions']>[0])
  return options
}
