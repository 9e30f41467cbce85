// The webhooks' listener. Every replica serves; the API server finds them through the Service. Whoever reaches it gets a verdict;
// what is asked under the secret path, which the API server calls, is the only thing that is recorded, counted or said in an Event.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { ports, services, systemNamespace } from '../../core/identifiers.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import { podSecurityOf } from '../../core/pod-security.ts'
import { type GroupShares, groupShares } from '../../core/shares.ts'
import type { BreakGlassGrant } from '../../crds/breakglassgrant.generated.ts'
import type { BusinessAssociateAgreement } from '../../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import type { Authority } from '../authority/ca.ts'
import { bodyOf, type Listener, serve } from '../authority/serve.ts'
import { isPathSecret } from '../authority/webhook-path.ts'
import type { Client } from '../cluster/client.ts'
import type { Say } from '../cluster/events.ts'
import { kinds } from '../cluster/kinds.ts'
import { noteEntered } from '../entered.ts'
import { codeOf, idOf, type Log } from '../log.ts'
import type { What } from './asked.ts'
import { attemptOf } from './attempts.ts'
import { judgeConnect, judgeStoreConnect } from './connect.ts'
import type { Copy } from './copy.ts'
import type { Entry } from './entry.ts'
import { judgeInjection, judgePod, type Lookup } from './judge.ts'
import { type Agreements, judgeLint } from './lint.ts'
import { observedRules } from './observed.generated.ts'
import type { Pod } from './pod.ts'
import { type Request, refusalIn, requestIn, reviewOf, type Verdict, whatOf } from './review.ts'
import { judgeStamp } from './stamp.ts'
import type { Surroundings } from './surroundings.ts'
import { recording, type ToldRefusals } from './told-refusals.ts'

export type WebhookOptions = {
  /** Writes one thing: which pods were entered, in the status of a grant. */
  client: Pick<Client, 'get' | 'list' | 'patch'>
  authority: Authority
  surroundings: Surroundings
  /** Kept by watches. Absent: every review reads live. */
  copy?: Copy
  log: Log
  /**
   * Told of ways into pods that somebody tried, of those who were let in under a grant, and of what was refused: the resource
   * and its subresource.
   */
  attempt?: (say: Say) => void
  entry?: (say: Say) => void
  refused?: (what: string) => void
  /** Told of what a pod that was let in guarded says, and that is put right or that few say. */
  asked?: (what: readonly What[]) => void
  port?: number
  /** Validity of the serving certificate. */
  seconds?: number
  /** Told of every refusal, with what is answered: for the trail. Never waits, never throws. */
  record?: ToldRefusals['refused']
  /** Rejects where it is not known to be on record that somebody is let into a pod. Absent: nobody is. */
  entered?: Entry['record']
}

/** What webhooks.yaml has them asked for. */
export const webhookKinds: ReadonlySet<string> = new Set([
  'pods',
  'pods/exec',
  'pods/attach',
  'pods/portforward',
  'pods/proxy',
  'pods/ephemeralcontainers',
  'pods/resize',
  'breakglassgrants',
  'breakglassgrants/status',
  'accessrevocations',
  'hipaamcpservers',
  'businessassociateagreements',
  'services/proxy',
  'serviceaccounts/token',
  'pods/status',
  'pods/binding',
  'pods/eviction',
  'bindings',
  'networkpolicies',
])

/** Pods are at most 1.5 MB in etcd; a review holds two. */
const bodyLimit = 8 * 1024 * 1024
/**
 * Of bodies on their way, bytes: for one address, for all addresses of one /64 of IPv6, and for all. The API server shows
 * nobody's certificate, so anyone may send: who knows the secret path has room that nobody else takes.
 */
const mebibyte = 1024 * 1024
const memory = {
  known: { each: 16 * mebibyte, group: 32 * mebibyte, all: 48 * mebibyte },
  others: { each: 8 * mebibyte, group: 8 * mebibyte, all: 16 * mebibyte },
}
const day = 86_400

/** DNS names by which the API server calls us. */
const webhookNames = [
  `${services.webhook}.${systemNamespace}.svc`,
  `${services.webhook}.${systemNamespace}.svc.cluster.local`,
]

/** A policy in the API server is about to refuse it: that it is asked says so. Which rule says the path. */
const observing: Webhooks = Object.fromEntries(
  Object.entries(observedRules).map(([id, { policy, says }]) => [
    `/observe-${id}`,
    async () => ({ allowed: true, observed: `${says} (policy ${policy})` }),
  ]),
)

/** Live reads through the API server, and the copy. */
function lookupOf(client: Pick<Client, 'get' | 'list'>, copy: Copy | undefined): Lookup {
  return {
    ...(copy === undefined ? {} : { copy }),
    servers: async (namespace) => {
      const { items } = await client.list<HipaaMcpServer & { kind: string }>(kinds.server, { namespace })
      return items
    },
    pod: async (namespace, name) => await client.get<Pod>(kinds.pod, namespace, name),
    podSecurity: async (namespace) => {
      const { metadata } = (await client.get<KubernetesObject>(kinds.namespace, undefined, namespace)) ?? {}
      return podSecurityOf(metadata?.labels)
    },
  }
}

function agreementsOf(client: Pick<Client, 'list'>): Agreements {
  return async () => (await client.list<BusinessAssociateAgreement & { kind: string }>(kinds.agreement)).items
}

/** Of an object that admission only advises on: the operator judges it as well. */
const letIn: Verdict = {
  allowed: true,
  warnings: [
    'hipaa-mcp: the policy linter could not look at this: hipaa-mcp check does, and status says its errors',
  ],
}

/** Listens; rejects when the port cannot be had. */
export async function startWebhooks(options: WebhookOptions): Promise<Listener> {
  const { client, authority, surroundings, copy, port = ports.webhook, seconds = day } = options
  const lookup = lookupOf(client, copy)
  const agreements = agreementsOf(client)
  const entryOf = (known: boolean): Entry => ({
    grants: async (namespace) =>
      (await client.list<BreakGlassGrant & { kind: string }>(kinds.grant, { namespace })).items,
    record: known ? options.entered : undefined,
    note: known ? async (grant, pod, way) => await noteEntered(client, grant, pod, way, Date.now) : undefined,
    now: Date.now,
  })
  const webhooks: Webhooks = {
    '/inject': async (request) => await judgeInjection(request, lookup, surroundings),
    '/validate': async (request, known) => await judgePod(request, lookup, surroundings, entryOf(known)),
    '/stamp': async (request) => judgeStamp(request, Date.now()),
    '/lint': async (request) => await judgeLint(request, agreements, Date.now()),
    ...observing,
    '/connect': async (request, known) => await judgeConnect(request, lookup, entryOf(known)),
    '/connect-store': async (request) => await judgeStoreConnect(request, lookup),
  }
  const room = { known: groupShares(memory.known), others: groupShares(memory.others) }
  return await serve({
    authority,
    names: webhookNames,
    seconds,
    port,
    reason: 'webhook-not-listening',
    tls: { minVersion: 'TLSv1.2' },
    respond: (request, response) => void respond(request, response, webhooks, room, options),
  })
}

/** `known`: it is the API server who asks. */
type Webhooks = { readonly [path: string]: (request: Request, known: boolean) => Promise<Verdict> }

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  webhooks: Webhooks,
  room: { readonly known: GroupShares; readonly others: GroupShares },
  options: WebhookOptions,
): Promise<void> {
  const { authority, log, record } = options
  const [, name = '', secret = ''] = request.url?.split('?')[0]?.split('/') ?? []
  const webhook = request.method === 'POST' ? webhooks[`/${name}`] : undefined
  if (webhook === undefined) {
    response.writeHead(404).end()
    return
  }
  const known = isPathSecret(secret, authority.webhookKey, Date.now())
  const judged = async (asked: Request): Promise<Verdict> => await webhook(asked, known)
  const judge = known ? recording(judged, record) : judged
  try {
    const asked = requestIn(await bodyOf(request, bodyLimit, known ? room.known : room.others))
    const verdict = await judge(asked).catch((error: unknown): Verdict => {
      if (name === 'lint') {
        log.error('A policy was let in unjudged', { error: codeOf(error) })
        return letIn
      }
      // The cluster is away or the pod is of a shape that we do not know: refused, as everything unclear.
      log.error('A request was refused because it could not be judged', { error: codeOf(error) })
      return {
        allowed: false,
        message:
          'hipaa-mcp: the pod could not be judged, so it is refused: try again, and read the operator’s log if it stays so',
      }
    })
    if (known) tell(asked, verdict, options)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(reviewOf(asked.uid, verdict)))
  } catch (error) {
    log.error('A webhook request was not readable', { error: codeOf(error) })
    // What is left of a body that was not read would stand before the next request.
    response.writeHead(400, { connection: 'close' }).end()
  }
}

function tell(asked: Request, verdict: Verdict, options: WebhookOptions): void {
  const { attempt, entry, refused, log } = options
  const say = attemptOf(asked, verdict)
  const told = verdict.allowed && verdict.grant !== undefined ? entry : attempt
  if (say !== undefined) told?.(say)
  // A dry run asks what would be: nobody was refused anything, or let in.
  if (asked.dryRun === true) return
  if (verdict.allowed && verdict.asked !== undefined) options.asked?.(verdict.asked)
  if (refusalIn(verdict) === undefined) return
  const { namespace, name } = asked
  const kind = whatOf(asked)
  if (webhookKinds.has(kind)) refused?.(kind)
  log.warn('Admission refused a request', {
    namespace: idOf(namespace),
    kind: idOf(kind),
    ...(name === undefined ? {} : { name: idOf(name) }),
  })
}
