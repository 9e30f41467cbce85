// Wiring of the sidecar, in the order in which each part needs the one before it: health, identity, chain, orders,
// egress, calls. And the end of it, in the order in which nothing acknowledged is lost. No decisions.

import { existsSync } from 'node:fs'
import type { Server } from 'node:net'
import { ports as fixedPorts, paths } from '../core/identifiers.ts'
import { warmUp } from '../core/text/warm-up.ts'
import { appMetricsDoor } from './app-metrics/door.ts'
import { askActivity } from './channel/activity.ts'
import { type Certificates, keepIdentity } from './channel/identity.ts'
import { newKeySets } from './channel/key-sets.ts'
import { Link } from './channel/link.ts'
import { clusterLookup } from './channel/lookup.ts'
import { followOrders } from './channel/orders-stream.ts'
import type { Config } from './config.ts'
import { type Discovery, discoveryServer } from './discovery.ts'
import { tellTrust } from './egress/model/authority.ts'
import { type RunningEgress, startEgress } from './egress/start.ts'
import { enrolling } from './enrol.ts'
import { healthServer } from './health.ts'
import { codeOf, idOf, type Log } from './log.ts'
import { metricSet } from './metrics.ts'
import { keepProving } from './network/proof.ts'
import { measure } from './observed.ts'
import { keepOrders } from './orders.ts'
import { sayUnready } from './say-unready.ts'
import { type CallsServer, type CallsTls, callsServer } from './server.ts'
import { stdioUpstream } from './stdio/upstream.ts'
import { beginTrail, type RunningTrail } from './trail/begin.ts'
import { CollectorClient } from './trail/collector-client.ts'
import { ChainOver } from './trail/home.ts'
import { SegmentDamaged } from './trail/recovery.ts'

export type RunOptions = {
  config: Config
  version: string
  log: Log
  /** The process must end: what runs cannot go on. */
  onFatal: (reason: string) => void
  /** 0 takes any free one. */
  ports?: { calls: number; health: number; egress: number; dns: number; discovery?: number }
  token?: string
  trailFolder?: string
  /** Where a stdio server is spoken to. */
  socket?: string
}

export interface Running {
  /** Ports that are listened to; `calls` and `discovery` are 0 until a policy wants them. */
  ports(): { calls: number; health: number; discovery: number }
  /** Takes no new calls; resolves when the last one was answered. */
  drain(): Promise<void>
  /** Drains, closes the chain and ends everything. Rejects when the end of the chain could not be recorded. */
  stop(): Promise<void>
}

/** Longest time to finish calls at the end, milliseconds: an answer of the server may take 30 s, its record 10 s. */
const drainTime = 42_000

/** In the sidecar's own memory, which a process that ends leaves to the next. */
const gateKey = '/tmp/gate.key'

/** Resolves when the health port is open; the rest comes up behind it, and `/readyz` says how far it is. */
export async function run(options: RunOptions): Promise<Running> {
  const { config, log, version, onFatal, ports = fixedPorts, token = paths.token } = options
  const { server, pod } = config
  const metrics = metricSet(`${server.namespace}/${server.name}`)
  const lookup = clusterLookup(config.dns, config.search)
  const link = (base: URL, connections?: number) =>
    new Link({ base, ca: config.ca, lookup, ...(connections === undefined ? {} : { connections }) })
  const links = {
    identity: link(config.channel),
    channel: link(config.channel),
    // All that the chain says goes on one connection (channel/posts.ts), so to one collector of those behind the Service, until it
    // ends: then it goes on with another. Requests have one besides, and ask nothing that one collector alone knows.
    collector: link(config.collector, 1),
  }
  const over = new AbortController()
  const stdio =
    config.upstream.transport === 'Stdio'
      ? stdioUpstream({ socket: options.socket ?? paths.stdio, log })
      : undefined

  let trail: RunningTrail | undefined
  let egress: RunningEgress | undefined
  let calls: CallsServer | undefined
  let discovery: Discovery | undefined
  let tls: CallsTls | undefined
  let stuck: string | undefined
  let draining: Promise<void> | undefined

  const identity = keepIdentity({ link: links.identity, token, server, podUid: pod.uid, log })
  const orders = keepOrders({
    pod: {
      server,
      acknowledge: config.trail,
      port: config.upstream.port,
      transport: config.upstream.transport,
    },
    async record(entry, profile) {
      const { chain } = await trailBegun.promise
      chain.start(profile)
      await chain.note(entry)
    },
    log,
  })
  const trailBegun = Promise.withResolvers<RunningTrail>()
  // Nobody may be waiting when it fails; `stuck` says so.
  trailBegun.promise.catch(() => undefined)
  // What waits for this one finds the links with their certificate: asked without it, the operator answers 401.
  const certified = identity.first().then(useCredentials)
  const stream = followOrders({
    link: links.channel,
    generation: () => orders.generation(),
    orders: (data) => orders.hear(data),
    heartbeat: () => orders.heartbeat(),
    renew: () => identity.renewSoon(),
    log,
    opensWhen: certified,
  })

  function reasons(): string[] {
    const certificates = identity.current()
    return [
      ...(draining === undefined ? [] : ['draining']),
      ...(certificates === undefined ? ['no-certificate'] : expired(certificates)),
      ...[stuck ?? (trail === undefined ? 'trail-not-begun' : trail.chain.trouble())].filter(
        (one) => one !== undefined,
      ),
      ...(orders.standing().inForce === undefined ? ['no-policy'] : []),
      ...(egress === undefined || calls === undefined ? ['starting'] : []),
    ]
  }

  measure(metrics, { identity, orders, trail: () => trail, inFlight: () => calls?.inFlight() ?? 0 })
  const health = healthServer({
    reasons: sayUnready(reasons, log),
    locked: () => orders.standing().locked,
    metrics: (request, response) => metrics.serve(request, response),
    appMetrics: appMetricsDoor({
      rule: () =>
        orders.standing().locked === undefined
          ? orders.standing().inForce?.policy.workload.metrics
          : undefined,
      scraped: (outcome) => metrics.appScraped(outcome),
      dropped: (reason, count) => metrics.appDropped(reason, count),
    }),
    drain: async () => await drain(),
    probes: config.probes,
    podIp: pod.ip,
  })
  await listen(health, ports.health)

  /** What callers see: opened when first there is a policy, changed for new connections when it or the certificate does. */
  function secure(): void {
    const certificates = identity.current()
    const policy = orders.standing().inForce?.policy
    if (certificates === undefined || policy === undefined || egress === undefined || trail === undefined)
      return
    const { key, server: cert } = certificates
    const wanted: CallsTls = { key, cert, ca: policy.tls.clientCa, minVersion: policy.tls.minVersion }
    discover(wanted, policy.discovery !== undefined, trail)
    if (tls !== undefined && JSON.stringify(tls) === JSON.stringify(wanted)) return
    tls = wanted
    if (calls !== undefined) return calls.setCertificate(wanted)
    if (draining !== undefined) return
    calls = callsServer({
      tls: wanted,
      orders,
      trail: trail.chain,
      upstream: stdio ?? { port: config.upstream.port },
      elsewhere: askActivity(links.collector),
      hosts: () => identity.current()?.names ?? [],
      newKeySet: newKeySets({ link: links.channel, orders, log }),
      watch: {
        ...metrics.calls,
        fault(seen) {
          metrics.calls.fault(seen)
          log.error('Something of ours failed; the call got no more than its number', {
            stage: idOf(seen.stage),
            error: idOf(seen.name),
          })
        },
      },
    })
    listen(calls.server, ports.calls)
      .then(async (port) => {
        log.info('Calls are served', { port })
        // While the app of a new pod starts: nobody calls before it has.
        await warmUp()
      })
      .catch((error: unknown) => onFatal(codeOf(error)))
  }

  /** The door without a client certificate is there as long as the policy wants it, and never while draining. */
  function discover(wanted: CallsTls, on: boolean, { chain }: RunningTrail): void {
    if (on && draining === undefined) {
      if (discovery !== undefined) {
        if (JSON.stringify(tls) !== JSON.stringify(wanted)) discovery.setCertificate(wanted)
        return
      }
      const hosts = () => identity.current()?.names ?? []
      const enrol = enrolling({
        link: links.channel,
        orders,
        trail: chain,
        newKeySet: newKeySets({ link: links.channel, orders, log }),
      })
      discovery = discoveryServer({ tls: wanted, orders, trail: chain, hosts, enrol, watch: metrics.calls })
      listen(discovery.server, ports.discovery ?? 0).then(
        (port) => log.info('Metadata is served', { port }),
        (error: unknown) => onFatal(codeOf(error)),
      )
    } else {
      discovery
        ?.close()
        .catch((error: unknown) => log.warn('Discovery ended badly', { error: codeOf(error) }))
      discovery = undefined
    }
  }

  /** Rejects when the end begins: whoever waits for the operator then waits no more. */
  const ended = new Promise<never>((_, reject) => {
    over.signal.addEventListener('abort', () => reject(new Error('The sidecar is stopping')), { once: true })
  })
  ended.catch(() => undefined)

  async function bringUp(): Promise<void> {
    if (existsSync(paths.trust)) tellTrust(paths.trust, gateKey)
    // The app starts when we are ready, and finds the door open.
    await stdio?.open
    await Promise.race([certified, ended])
    identity.onChange((certificates) => {
      useCredentials(certificates)
      secure()
      // The old certificate ends some day, and the stream with it: better now.
      stream.reopen()
    })
    trail = await beginTrail({
      acknowledge: config.trail,
      folder: options.trailFolder ?? paths.trail,
      collector: new CollectorClient(links.collector),
      version,
      onOver: ({ reason }) => onFatal(reason),
      watch: (seen) => metrics.recorded(seen),
      log,
      signal: over.signal,
    })
    trailBegun.resolve(trail)
    orders.onChange(secure)
    void keepProving({ link: links.channel, channel: config.channel, lookup, log, signal: over.signal })
    egress = await startEgress({
      orders,
      trail: trail.chain,
      dns: config.dns,
      search: config.search,
      namespace: server.namespace,
      ports: { egress: ports.egress, dns: ports.dns },
      metrics: {
        opened: (kind) => metrics.egress('opened', { kind }),
        refused: (reason) => metrics.egress('refused', { reason }),
      },
      log: ({ event, source, reason, error }) =>
        log.warn(event, {
          egress: idOf(source),
          ...(reason === undefined ? {} : { reason }),
          ...(error === undefined ? {} : { error: codeOf(error) }),
        }),
    })
    secure()
  }

  function useCredentials({ key, channel: cert }: Certificates): void {
    links.channel.use({ key, cert })
    links.collector.use({ key, cert })
  }

  async function drain(): Promise<void> {
    draining ??= (async () => {
      log.info('Finishing what is in flight')
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, drainTime)
      await Promise.race([Promise.all([calls?.drain(), discovery?.close()]), late.promise])
      clearTimeout(timer)
    })()
    await draining
  }

  const up = bringUp().catch((error: unknown) => {
    if (over.signal.aborted) return
    // A person must look at the volume: ending the process would only come here again.
    if (error instanceof SegmentDamaged) stuck = 'segment-damaged'
    else if (error instanceof ChainOver) stuck = error.reason
    else return onFatal(codeOf(error))
    log.error(
      'The trail cannot go on: keep its volume, export what the collector has, then replace the pod',
      {
        reason: idOf(stuck),
      },
    )
  })

  return {
    ports: () => ({
      calls: portOf(calls?.server),
      health: portOf(health),
      discovery: portOf(discovery?.server),
    }),
    drain,
    async stop() {
      await drain()
      over.abort()
      await up
      identity.stop()
      stream.stop()
      orders.stop()
      stdio?.close()
      let failure: unknown
      // The chain ends last of what writes into it; its connection after it.
      for (const end of [async () => await egress?.close(), async () => await trail?.close()])
        await end().catch((error: unknown) => (failure ??= error))
      await Promise.all(Object.values(links).map(async (one) => await one.close()))
      health.closeAllConnections()
      health.close()
      if (failure !== undefined) throw failure
    },
  }
}

function expired({ channelUntil, serverUntil }: Certificates): string[] {
  return Math.min(channelUntil, serverUntil) <= Date.now() ? ['certificate-expired'] : []
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, resolve)
  })
  return portOf(server)
}

function portOf(server: Server | undefined): number {
  const address = server?.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
