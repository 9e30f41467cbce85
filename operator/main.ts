// Wiring of the operator: configuration, client, watches, webhooks, control channel, leader, shutdown. No decisions.

import { readFile } from 'node:fs/promises'
import { authoritySecrets, identity, systemNamespace } from '../core/identifiers.ts'
import { BadSettings, idOf } from '../core/log.ts'
import { keepAccessOnRecord } from './access-changes.ts'
import { asks } from './admission/asked.ts'
import { quotaOfAttempts } from './admission/attempts.ts'
import { copyOf } from './admission/copy.ts'
import { registerImage } from './admission/images.ts'
import { startWebhooks, webhookKinds } from './admission/server.ts'
import { endpoints, resolverOf } from './admission/surroundings.ts'
import { toldRefusals } from './admission/told-refusals.ts'
import { signAuditors } from './authority/auditor-csr.ts'
import { loadAuthority } from './authority/ca.ts'
import { keepCertificate } from './authority/keep-certificate.ts'
import { watchSecrets } from './authority/watch-secrets.ts'
import { keepBundles } from './authority/webhook-certificate.ts'
import { startChannel } from './channel/server.ts'
import { apiClient } from './cluster/client.ts'
import { credentials } from './cluster/credentials.ts'
import { eventRecorder } from './cluster/events.ts'
import { leaderElection } from './cluster/leader.ts'
import { collectorClient } from './collector-client.ts'
import { configFrom } from './config.ts'
import { controllers } from './controllers.ts'
import { networkCanaries, staleAfter } from './evidence/network-canaries.ts'
import { followTrail } from './follow-trail.ts'
import { serveHealth } from './health.ts'
import { keySets } from './jwks.ts'
import { keepClusterPolicies } from './keep-cluster-policies.ts'
import { keysInUse, tellKeys } from './keys-in-use.ts'
import { codeOf, jsonLog, settingsOf } from './log.ts'
import { openMetrics } from './metrics.ts'
import { isEnrolled, keyOf } from './observe.ts'
import { observeWorld } from './observed-metrics.ts'
import { ordersSource } from './orders-source.ts'
import { evictor } from './rollout/evict.ts'
import { watchLogs } from './server-logs/watch.ts'
import { publishTrust } from './trust.ts'
import { watchdog } from './watchdog/watch.ts'
import { watches } from './watches.ts'
import type { Outside } from './world.ts'

const log = jsonLog()

async function main(): Promise<void> {
  const config = configFrom(process.env)
  const metrics = openMetrics()
  const client = apiClient({
    credentials: await credentials(),
    observe: (method, status) => metrics.apiAnswered(method, status),
  })

  // Until everything below stands, this replica says why it is not ready.
  let reasons: () => string[] = starting
  const health = await serveHealth({ port: config.healthPort, metrics, reasons: () => reasons() })

  const authority = await loadAuthority(client, authoritySecrets.own)
  const clientAuthority = await loadAuthority(client, authoritySecrets.clients)
  const certificate = await keepCertificate(authority, {
    identity: identity.operator,
    names: [],
    usages: ['client'],
    seconds: config.certificateSeconds,
  })

  const events = eventRecorder({ client, instance: config.pod.name, log })
  // Of its own: anybody may try as often as they like, and what we found ourselves must still be said, and who was let in.
  const enrolled = (namespace: string) => isEnrolled(world, namespace)
  const quota = quotaOfAttempts(enrolled)
  const attempts = eventRecorder({ client, instance: config.pod.name, log, quota })
  const entries = eventRecorder({ client, instance: config.pod.name, log })
  const issuers = keySets({
    onChange: () => {
      orders.changed()
      // Whether a server is Ready depends on it: a key set that comes after the first look would never be seen.
      leaders.everyServer()
    },
    log,
  })
  const collector = collectorClient({ url: config.collector, material: () => certificate.current() })
  const trail = followTrail({
    collector,
    onChange: (keys) => {
      for (const key of keys) leaders.server(key)
      for (const grant of world.grants.all())
        if (keys.includes(`${grant.metadata.namespace}/${grant.spec.server}`)) leaders.grant(keyOf(grant))
      leaders.volumes()
    },
    log,
  })
  const outside: Outside = {
    clientCa: clientAuthority.pem,
    keySet: (source) => issuers.get(source),
    logs: (server) => serverLogs.of(server),
    evicted: () => pods.lately(),
    held: () => pods.held(),
    trail: () => trail.current(),
    network: (namespace) => ({
      round: canaries.of(namespace),
      staleMs: staleAfter(config.network.seconds),
      clusterPolicies: clusterWide.seen(),
    }),
  }
  const { world, all, orderInputs, followed } = watches(
    client,
    {
      server: (key) => leaders.server(key),
      agreement: (name) => leaders.agreement(name),
      grant: (key) => leaders.grant(key),
      orders: (namespace, name) => orders.changed(namespace, name),
      issuers: () => issuers.want(world.servers.all().flatMap(({ spec }) => spec.identity.issuers)),
      volumes: () => leaders.volumes(),
    },
    log,
  )
  const serverLogs = watchLogs({
    world,
    client,
    onChange: (keys) => {
      for (const key of keys) leaders.server(key)
    },
    log,
  })
  const canaries = networkCanaries({
    world,
    client,
    image: config.image,
    ask: config.network,
    onChange: (namespace) => {
      for (const server of world.servers.in(namespace)) leaders.server(keyOf(server))
    },
    log,
  })
  const clusterWide = keepClusterPolicies({ world, client, leading: () => leader.leading(), log })
  const pods = evictor({ client, log })
  const refusals = toldRefusals({ collector, enrolled, log })
  // In every replica: each has loaded its own.
  const secrets = watchSecrets({
    client,
    loaded: {
      [authoritySecrets.own]: authority.pem,
      [authoritySecrets.clients]: clientAuthority.pem,
    },
    log,
  })
  const keys = tellKeys({
    collector,
    keys: () => keysInUse(world, { own: authority.pem, clients: clientAuthority.pem }),
    log,
  })
  const access = keepAccessOnRecord({ world, client, collector, log })
  const orders = ordersSource({ world, outside, inputs: orderInputs, watched: all, log })
  const leaders = controllers({
    world,
    outside,
    client,
    events,
    leading: () => leader.leading(),
    generation: () => Math.max(...orderInputs.map((input) => input.lastSeen())),
    metrics,
    log,
    recovery: {
      ...endpoints,
      image: config.image,
      ca: authority.pem,
      recovered: config.recoveredVolumes,
    },
    evictor: pods,
    recordGone: async (gone) => await collector.tellAdmissions({ refused: [], counted: [], gone }),
    collector,
  })
  const leader = leaderElection({
    client,
    namespace: systemNamespace,
    name: 'hipaa-mcp-operator',
    identity: `${config.pod.name}_${config.pod.uid}`,
    onChange: (leading) => {
      if (leading) {
        leaders.start()
        for (const one of leaderOnly) one.start()
      } else {
        for (const one of leaderOnly) one.stop()
        void leaders.stop()
      }
    },
    log,
  })
  // From zero on: a series that begins with its first refusal has no rate, and no alarm.
  const refused = new Map([...webhookKinds].map((kind) => [kind, 0]))
  const asked = new Map([...asks.keys()].map((what) => [what, 0]))
  observeWorld(metrics, {
    world,
    outside,
    all,
    leading: () => leader.leading(),
    certificate,
    logs: () => serverLogs.counts(),
    evictions: () => pods.counts(),
    refusals: () => refusals.counts(),
    refused,
    asked,
    secrets: () => secrets.held(),
  })

  for (const one of all) one.start()
  await Promise.all(all.map(async (one) => await one.synced()))

  await publishTrust(client, authority.pem)
  const images = await registerImage(client, config.image)
  const surroundings = {
    image: config.image,
    images,
    ca: authority.pem,
    ...endpoints,
    ...resolverOf(await readFile('/etc/resolv.conf', 'utf8')),
  }
  const dog = watchdog({ world, client, events, evictor: pods, surroundings, log })
  const leaderOnly = [trail, serverLogs, canaries, clusterWide, keys, access, dog]
  metrics.observed(
    'gauge',
    'hipaa_mcp_pods_not_conforming',
    'Guarded pods that are not what admission makes, by server',
    () => dog.counts().map(({ server, count }) => ({ value: count, attributes: { server: idOf(server) } })),
  )
  const bundles = keepBundles(client, authority, log)
  const auditors = signAuditors(client, authority, log)
  refusals.start()
  secrets.start()
  const webhooks = await startWebhooks({
    client,
    authority,
    surroundings,
    copy: copyOf(followed),
    attempt: (say) => attempts.say(say),
    entry: (say) => entries.say(say),
    refused: (what) => refused.set(what, (refused.get(what) ?? 0) + 1),
    asked: (all) => {
      for (const what of all) asked.set(what, (asked.get(what) ?? 0) + 1)
    },
    log,
    record: (request, message) => refusals.refused(request, message),
    entered: async (entered) =>
      await collector.tellAdmissions({ refused: [], counted: [], entered: [entered] }),
  })
  const channel = await startChannel({
    client,
    authority,
    clients: clientAuthority,
    surroundings,
    orders,
    network: config.network,
    unknownKey: (namespace, server, issuer) => {
      const { issuers: trusted } = world.servers.get(namespace, server)?.spec.identity ?? { issuers: [] }
      const source = trusted.find(({ url }) => url === issuer)
      if (source !== undefined) issuers.refresh(source)
    },
    log,
    seconds: config.certificateSeconds,
  })
  reasons = () =>
    [bundles.reason(), webhooks.reason(), channel.reason()].filter((reason) => reason !== undefined)
  leader.start()
  log.info('The operator is up')

  let ending = false
  const end = async (): Promise<void> => {
    if (ending) return
    ending = true
    reasons = () => ['shutting down']
    log.info('The operator ends')
    // First let another replica lead, then end what sidecars and the API server hang on.
    await leaders.stop()
    await leader.stop()
    for (const one of leaderOnly) one.stop()
    auditors.stop()
    secrets.stop()
    bundles.stop()
    await Promise.all([channel.close(), webhooks.close()])
    await refusals.stop()
    orders.stop()
    issuers.stop()
    certificate.stop()
    await Promise.all(all.map(async (one) => await one.stop()))
    await collector.close()
    await metrics.shutdown()
    health.closeAllConnections()
    health.close()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      end().catch((error: unknown) => {
        log.error('The end was not in good order', { error: codeOf(error) })
        process.exit(1)
      })
    })
}

function starting(): string[] {
  return ['starting']
}

try {
  await main()
} catch (error) {
  if (error instanceof BadSettings) log.error('The operator could not start', { settings: settingsOf(error) })
  else log.error('The operator could not start', { error: codeOf(error) })
  process.exit(1)
}
