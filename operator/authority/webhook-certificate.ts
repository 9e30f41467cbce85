// What the API server finds and knows our webhooks by: their Services, and the caBundle of our own webhook configurations, so
// that `apply -k` works without cert-manager. And what we know the API server by: a secret at the end of each path, which only
// it and readers of the configurations see. Our rights name these two configurations and no other.

import { ports, services, systemNamespace } from '../../core/identifiers.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import type { Client } from '../cluster/client.ts'
import { kinds } from '../cluster/kinds.ts'
import { codeOf, type Log } from '../log.ts'
import type { Authority } from './ca.ts'
import { pathSecret } from './webhook-path.ts'

/** Name of both configurations. */
const webhookConfiguration = 'hipaa-mcp'

type Configuration = KubernetesObject & {
  webhooks?: { name: string; clientConfig: { caBundle?: string; service?: { path?: string } } }[]
}

/** What is written of an authority. */
type Shown = Pick<Authority, 'pem' | 'webhookKey'>

/** There is nothing to write to: somebody deleted it, and only who installs the product can bring it back. */
class MissingConfiguration extends Error {
  readonly code = 'webhook-configuration-missing'
}

/**
 * Writes bundle and path where they differ and nowhere else, so that replicas do not write in turns. Rejects with
 * `MissingConfiguration` where one is not there, when the other was seen to.
 */
export async function writeBundles(
  client: Pick<Client, 'get' | 'patch'>,
  { pem, webhookKey }: Shown,
  now: number = Date.now(),
): Promise<void> {
  const bundle = Buffer.from(pem).toString('base64')
  const secret = pathSecret(webhookKey, now)
  const missing: string[] = []
  for (const kind of [kinds.mutatingWebhook, kinds.validatingWebhook]) {
    const seen = await client.get<Configuration>(kind, undefined, webhookConfiguration)
    if (seen === undefined) {
      missing.push(kind.kind)
      continue
    }
    const patch = (seen.webhooks ?? []).flatMap(({ name, clientConfig }, index) => {
      const at = `/webhooks/${index}`
      const path = clientConfig.service?.path
      const wanted = path === undefined ? undefined : `/${path.split('/')[1] ?? ''}/${secret}`
      const add = [
        ...(clientConfig.caBundle === bundle ? [] : [['caBundle', bundle]]),
        ...(path === wanted ? [] : [['service/path', wanted]]),
      ].map(([member, value]) => ({ op: 'add', path: `${at}/clientConfig/${member}`, value }))
      // The list may have changed since it was read: then the test fails and the next round mends it.
      return add.length === 0 ? [] : [{ op: 'test', path: `${at}/name`, value: name }, ...add]
    })
    if (patch.length > 0) await client.patch(kind, undefined, webhookConfiguration, patch, 'json')
  }
  if (missing.length > 0)
    throw new MissingConfiguration(
      `${missing.join(' and ')} ${webhookConfiguration} missing: apply config/webhook again`,
    )
}

/** As config/webhook/services.yaml has them, which a test compares. */
export const ownServices: readonly KubernetesObject[] = [
  {
    name: services.webhook,
    port: { name: 'webhook', port: 443, targetPort: ports.webhook, protocol: 'TCP' },
  },
  {
    name: services.channel,
    port: { name: 'channel', port: ports.channel, targetPort: ports.channel, protocol: 'TCP' },
  },
].map(({ name, port }) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: systemNamespace, labels: { 'app.kubernetes.io/part-of': 'hipaa-mcp' } },
  spec: {
    ipFamilyPolicy: 'PreferDualStack',
    selector: { 'app.kubernetes.io/name': 'hipaa-mcp-operator' },
    ports: [port],
  },
}))

/** Makes those that somebody deleted: until then nothing starts in an enrolled namespace. What is there stays as it is. */
async function writeServices(client: Pick<Client, 'get' | 'create'>): Promise<void> {
  for (const service of ownServices) {
    const seen = await client.get(kinds.service, systemNamespace, service.metadata.name)
    // Another replica may be faster: the next round looks again.
    if (seen === undefined) await client.create(kinds.service, service)
  }
}

const usual = 10_000

/**
 * Keeps both: five quick attempts after a failure, then one a minute, so that two installations with different
 * CAs cannot fight at full speed; what is missing is looked for as often as what is there. `reason()` says why they are not in
 * place, undefined when they are.
 */
export function keepBundles(
  client: Pick<Client, 'get' | 'patch' | 'create'>,
  shown: Shown,
  log: Log,
): { reason(): string | undefined; stop(): void } {
  /** One after the other, for the same reason. */
  let failures = 0
  let failed: string | undefined
  let reason: string | undefined = 'webhook-ca-not-written'
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  /** Resolves to the milliseconds until the next one. */
  const attempt = async (): Promise<number> => {
    try {
      await writeServices(client)
      await writeBundles(client, shown)
      failures = 0
      failed = undefined
      reason = undefined
      return usual
    } catch (error) {
      const code = codeOf(error)
      failures = code === failed ? failures + 1 : 1
      failed = code
      reason = 'webhook-ca-not-written'
      log.warn('The webhooks do not know our CA yet', { attempt: failures, error: code })
      if (failures <= 5) return 1_000
      return error instanceof MissingConfiguration ? usual : 60_000
    }
  }
  const round = async (): Promise<void> => {
    const wait = await attempt()
    if (stopped) return
    timer = setTimeout(next, wait)
    timer.unref()
  }
  const next = (): void => void round()
  next()
  return {
    reason: () => reason,
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}
