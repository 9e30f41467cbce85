// A cluster whose admission runs in this process and is reached through its Service. A cluster of its own: admission
// concerns all of it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import { systemNamespace } from '../../core/identifiers.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import type { What } from '../../operator/admission/asked.ts'
import { copyOf } from '../../operator/admission/copy.ts'
import { whatOf } from '../../operator/admission/review.ts'
import { startWebhooks } from '../../operator/admission/server.ts'
import type { Authority } from '../../operator/authority/ca.ts'
import type { Listener } from '../../operator/authority/serve.ts'
import { keepBundles } from '../../operator/authority/webhook-certificate.ts'
import { apiClient, type Client } from '../../operator/cluster/client.ts'
import { credentials } from '../../operator/cluster/credentials.ts'
import type { Say } from '../../operator/cluster/events.ts'
import { kinds } from '../../operator/cluster/kinds.ts'
import { listWatch } from '../../operator/cluster/list-watch.ts'
import type { Namespace } from '../../operator/objects.ts'
import { type Api, connect } from '../cluster/api.ts'
import { type Cluster, defaultName, up } from '../cluster/cluster.ts'
import { components } from '../cluster/components.ts'
import { leadWebhooksHere } from '../cluster/webhooks-here.ts'
import { surroundings } from '../operator/admission/pods.ts'
import { quiet } from '../operator/cluster/scripted-api.ts'

export type AdmissionScene = {
  readonly cluster: Cluster
  readonly api: Api
  readonly client: Client
  /** Events that admission had to say. */
  readonly said: readonly Say[]
  /** What is on record: whom admission let into pods, and what it refused or saw a policy refuse. */
  readonly recorded: { entered: object[]; refused: { what: string; by: string | undefined; says: string }[] }
  /** What pods said that admission put right, or that few say. */
  readonly asked: What[]
  /** Kinds of which admission read objects live, in the plural. */
  readonly read: readonly string[]
  /** How much later than it came admission's copy of the cluster hears of a change. */
  readonly lag: { milliseconds: number }
  /** While it is away nobody is let into a pod. */
  readonly collector: { away: boolean }
  /** Runs kubectl, as a person where one is named. Resolves to its exit code and all that it printed. */
  kubectl(args: string[], how?: { as?: string; input?: object }): Promise<{ code: number; text: string }>
  /**
   * Starts the webhooks and has the API server call them. config/webhook is applied before. `writer`: who notes which pods were
   * entered; the policies let the operator alone do that.
   */
  admit(authority: Authority, writer?: Pick<Client, 'patch'>): Promise<void>
  /** Ends the webhooks, as a process that is killed: the Service leads nowhere any more. */
  silence(): Promise<void>
  /** Ends the cluster as well. */
  end(): Promise<void>
}

type Namespaces = { [name: string]: { [label: string]: string } }

/** Starts a cluster with the namespace of the product and those that are named, with their labels. */
export async function admissionScene(options: {
  name: string
  namespaces: Namespaces
}): Promise<AdmissionScene> {
  // No pod of these tests runs but on the node's own images: importing the others would take longer than the rest of the start.
  const cluster = await up({ name: `${defaultName}-${options.name}`.slice(0, 40), images: 'node' })
  try {
    return await onto(cluster, options.namespaces)
  } catch (cause) {
    await cluster.down()
    throw cause
  }
}

async function onto(cluster: Cluster, namespaces: Namespaces): Promise<AdmissionScene> {
  const kubectlPath = (await components(console.error)).path('kubectl')
  const api = await connect(cluster.kubeconfig)
  const access = await credentials(() => {
    const config = new KubeConfig()
    config.loadFromFile(cluster.kubeconfig)
    return config
  })
  const client = apiClient({ credentials: access })
  for (const [name, labels] of Object.entries({ [systemNamespace]: {}, ...namespaces }))
    await api.apply(`/api/v1/namespaces/${name}`, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { labels },
    })
  let webhooks: Listener | undefined
  const said: Say[] = []
  const recorded: AdmissionScene['recorded'] = { entered: [], refused: [] }
  const asked: What[] = []
  const collector = { away: false }
  const read: string[] = []
  const lag = { milliseconds: 0 }
  const lagging: Client = {
    ...client,
    watch: async (...which) => late(await client.watch(...which), lag),
  }
  const readLive: Pick<Client, 'get' | 'list'> = {
    get: async (kind, ...which) => {
      read.push(kind.plural)
      return await client.get(kind, ...which)
    },
    list: async (kind, query) => {
      read.push(kind.plural)
      return await client.list(kind, query)
    },
  }
  let bundles: { stop(): void } | undefined
  let watches: { stop(): Promise<void> }[] = []
  const silence = async (): Promise<void> => {
    bundles?.stop()
    await webhooks?.close(0)
    await Promise.all(watches.map(async (one) => await one.stop()))
  }

  return {
    cluster,
    api,
    client,
    said,
    recorded,
    asked,
    read,
    lag,
    collector,
    async kubectl(args, { as, input } = {}) {
      const child = spawn(kubectlPath, [...(as === undefined ? [] : ['--as', as]), ...args], {
        env: { ...process.env, KUBECONFIG: cluster.kubeconfig },
      })
      let text = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk))
      child.stdin.end(input === undefined ? '' : JSON.stringify(input))
      const [code] = (await once(child, 'close')) as [number | null]
      return { code: code ?? 1, text }
    },
    async admit(authority, writer = client) {
      const servers = listWatch<HipaaMcpServer>(lagging, { kind: kinds.server, log: quiet })
      const namespaces = listWatch<Namespace>(lagging, { kind: kinds.namespace, log: quiet })
      watches = [servers, namespaces]
      for (const one of [servers, namespaces]) one.start()
      webhooks = await startWebhooks({
        client: { ...readLive, patch: async (...args) => await writer.patch(...args) },
        authority,
        surroundings,
        copy: copyOf({ servers, namespaces }),
        attempt: (say) => said.push(say),
        entry: (say) => said.push(say),
        asked: (all) => asked.push(...all),
        record: (request, says) =>
          recorded.refused.push({ what: whatOf(request), by: request.userInfo?.username, says }),
        entered: async (entered) => {
          if (collector.away) throw new Error('planted')
          recorded.entered.push(entered)
        },
        log: quiet,
        port: 0,
      })
      await leadWebhooksHere(api, cluster, webhooks.port)
      bundles = keepBundles(client, authority, quiet)
    },
    silence,
    async end() {
      await silence()
      await access.close()
      await api.close()
      await cluster.down()
    },
  }
}

async function* late(chunks: AsyncIterable<Uint8Array>, lag: { milliseconds: number }) {
  for await (const chunk of chunks) {
    await sleep(lag.milliseconds)
    yield chunk
  }
}
