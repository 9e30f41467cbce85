// The collector: the trail's home. Starts health first, so that whoever asks learns what it waits for.

import type { Server as HttpServer } from 'node:http'
import type { Server } from 'node:https'
import { BadSettings, type Code, type Constant } from '../core/log.ts'
import { recordBytes } from '../core/record.ts'
import { registryOrigin } from '../core/wire.ts'
import type { Archive } from './archive/archive.ts'
import { openArchive } from './archive/open.ts'
import { keepArchiving } from './archive/rounds.ts'
import type { ArchiveConfig } from './archive/settings.ts'
import { ArchiveState } from './archive/state.ts'
import { Bodies } from './bodies.ts'
import { Corrupt, type Store } from './commit/commit.ts'
import { readConfig } from './config.ts'
import type { Copies } from './copies/copies.ts'
import { Recent } from './copies/recent.ts'
import type { CopyTarget } from './copies/settings.ts'
import { healthServer, troubleOf } from './health.ts'
import { type Certified, keepIdentity, obtainIdentity } from './identity.ts'
import { loadKeys } from './keys.ts'
import { KmsFailed } from './kms/key-wrapper.ts'
import { openKms } from './kms/open.ts'
import { codeOf, idOf, jsonLog, settingsOf } from './log.ts'
import { openMetrics } from './metrics.ts'
import { type Route, reportOf, routes } from './receive.ts'
import { retry } from './retry.ts'
import { SealedFiles } from './sealing/files.ts'
import type { SealingOptions } from './sealing/sealing.ts'
import type { SealingConfig } from './sealing/settings.ts'
import { Sender } from './sender.ts'
import { collectorServer, secureContext } from './server.ts'
import { openStore, untilOpen } from './store.ts'
import { Trail } from './trail.ts'
import { askingOf } from './witnesses/tell.ts'

const sweepMs = 2000

const log = jsonLog()
const stop = new AbortController()
const now = (): number => Date.now()

let waitsFor: string | undefined = 'starting'
let store: Store | undefined
let trail: Trail | undefined
let archive: Archive | undefined
let copies: Copies | undefined
/** Where others share the store: which of them sends. */
let sender: Sender | undefined
/** Ends once the place of every copy is saved. */
let copying: Promise<void> | undefined
let table: { [methodAndPath: string]: Route } | undefined
let server: Server | undefined
let health: HttpServer | undefined

/** Ends at once: whatever is not acknowledged is not promised. */
function die<const Message extends string>(message: Constant<Message>, error: unknown): never {
  log.error<Message, { error: Code }>(message, { error: codeOf(error) })
  process.exit(1)
}

async function start(): Promise<void> {
  const config = readConfig(process.env)
  const metrics = openMetrics()
  const trouble = (): string | undefined =>
    waitsFor ?? trail?.watch.trouble() ?? trail?.sealing?.trouble() ?? gated()
  health = healthServer({
    trouble,
    witnesses: () => (trail === undefined ? undefined : reportOf(trail)),
    archive: () => (config.archive !== undefined && archive === undefined ? 'starting' : archive?.trouble()),
    copies: () => copies?.reports() ?? [],
    metrics: (request, response) => metrics.answer(request, response),
  })
  health.listen(config.healthPort)

  waitsFor = 'no-identity'
  const obtain = async (): Promise<Certified> => await obtainIdentity(config)
  const first = await retry(
    obtain,
    (error) => log.warn('no certificate yet', { error: codeOf(error) }),
    stop.signal,
  )
  const bodies = new Bodies()
  metrics.watchBodies(bodies)
  const refused = metrics.turnedAway
  server = collectorServer({ ...first, ca: config.ca, routes: () => table, bodies, refused, log, now })
  const renewed = (identity: Certified): void =>
    server?.setSecureContext(secureContext({ ...identity, ca: config.ca }))
  keepIdentity(first, obtain, renewed, { log, now, signal: stop.signal }).catch((error: unknown) =>
    die('the certificate is not renewed any more', error),
  )
  server.listen(config.port)

  if (config.sealing === undefined) log.warn('nothing is sealed: HIPAA_MCP_KMS names no key')
  const sealing = config.sealing === undefined ? undefined : await openSealing(config.sealing)
  const opened = await untilOpen(
    async () => {
      store ??= await openStore(config.store, (reason) =>
        die('the disk failed; starting anew reads what it holds', reason),
      )
      const keys = await loadKeys(store)
      const recent = config.copies === undefined ? undefined : new Recent()
      const made = new Trail({
        store,
        keys,
        now,
        steady: () => performance.now(),
        ...(sealing === undefined ? {} : { sealing }),
        ...(recent === undefined ? {} : { committed: (...record) => recent.take(...record) }),
        silentMs: config.silentSeconds * 1000,
        report: metrics.report,
        ...(config.witnesses === undefined ? {} : { witnesses: askingOf(config.witnesses, metrics, log) }),
      })
      const state = new ArchiveState()
      made.registry.took = (record) => {
        if (config.archive !== undefined) state.take(record)
        recent?.take(registryOrigin, made.registry.size, recordBytes(record))
      }
      await made.open()
      return { trail: made, store, state, recent }
    },
    ({ reason }) => {
      waitsFor = reason
      log.warn('the store is not there yet', { reason: idOf(reason) })
    },
    stop.signal,
  )
  trail = opened.trail
  metrics.watch(trail, now)
  if (opened.store.shared) startSender(opened)
  if (config.archive !== undefined) {
    archive = await startArchive(config.archive, opened)
    metrics.watchArchive(archive, now)
  }
  if (config.copies !== undefined && opened.recent !== undefined) {
    copies = await startCopies(config.copies, { ...opened, recent: opened.recent })
    metrics.watchCopies(copies)
  }
  table = routes(opened.trail, opened.store, archive && { archive, state: opened.state }, copies)
  waitsFor = undefined
  for (const { origin } of trail.summaries().filter(({ state }) => state === 'corrupt'))
    log.error('a chain is not what was committed: keep a copy of the store and verify an export', {
      origin: idOf(origin),
    })
  log.info('taking records', { port: config.port })
  const { witnesses } = opened.trail
  if (witnesses !== undefined) {
    const { log: vkey } = witnesses
    log.info('witnesses and auditors know the registry log by this key', { log: idOf(vkey) })
    witnesses
      .run(stop.signal, sender)
      .catch((error: unknown) => die('nobody asks the witnesses any more', error))
  }
  sweepLater(opened.trail)
  if (opened.trail.sealing !== undefined) sweepLater(opened.trail.sealing)
}

/** Waits for the key's holder: without it no record could be sealed, so none is taken. */
async function openSealing(config: SealingConfig): Promise<SealingOptions> {
  const { kms, folder, bounds, developmentOnly } = config
  const wrapper = await openKms(kms)
  const keyId = await retry(
    async () => await wrapper.health(),
    (error) => {
      const reason = error instanceof KmsFailed ? error.reason : 'kms-away'
      waitsFor = reason
      log.warn('no data key can be had yet: docs/keys.md says what to look at', { reason: idOf(reason) })
    },
    stop.signal,
  )
  waitsFor = 'starting'
  log.info('segments are sealed under keys that this one wraps', { key: idOf(keyId) })
  return { wrapper, files: new SealedFiles(folder), bounds, developmentOnly, log }
}

/** Of several collectors one sends what concerns all of them. */
function startSender({ trail: of, store }: { trail: Trail; store: Store }): void {
  sender = new Sender({
    store,
    tells: () => {
      const trouble = archive?.trouble()
      return {
        copies: copies?.own() ?? [],
        witnesses: of.witnesses?.own() ?? [],
        ...(trouble === undefined ? {} : { archive: trouble }),
      }
    },
    log,
    steady: () => performance.now(),
  })
  sender.run(stop.signal).catch((error: unknown) => die('nobody says which collector sends', error))
}

/** Nothing waits for it. */
async function startArchive(
  config: ArchiveConfig,
  opened: Omit<Parameters<typeof openArchive>[1], 'now'>,
): Promise<Archive> {
  const made = await openArchive(config, { ...opened, sending: sender, now })
  let before: string | undefined
  const failed = (reason: string): void => {
    if (reason !== before) log.warn('not everything is archived yet', { reason: idOf(reason) })
    before = reason
  }
  keepArchiving(made, failed, stop.signal).catch((error: unknown) =>
    die('nothing is archived any more', error),
  )
  return made
}

/** Nothing waits for them. */
async function startCopies(
  targets: readonly CopyTarget[],
  { trail: of, store, recent }: { trail: Trail; store: Store; recent: Recent },
): Promise<Copies> {
  const { Copies: Made } = await import('./copies/copies.ts')
  const made = new Made(
    targets,
    { store, recent, registry: of.registry, size: (origin) => of.sizeOf(origin), now },
    { log, sending: sender },
  )
  copying = made.run(stop.signal)
  copying.catch((error: unknown) => die('nothing is copied any more', error))
  return made
}

function sweepLater(of: Pick<Trail, 'sweep'>): void {
  setTimeout(() => {
    of.sweep()
      .then(() => {
        if (!stop.signal.aborted) sweepLater(of)
      })
      .catch((error: unknown) => die('the sweep failed', error))
  }, sweepMs).unref()
}

/** With `strict`, witnesses that do not sign keep everything from being acknowledged. */
function gated(): string | undefined {
  const report = trail === undefined ? undefined : reportOf(trail)
  return report?.strict === true ? troubleOf(report) : undefined
}

/** Requests that run are finished, then the store lets go. Kubernetes kills what takes longer than its grace period. */
async function end(): Promise<void> {
  if (stop.signal.aborted) return
  stop.abort()
  waitsFor = 'stopping'
  log.info('stopping')
  const closed = Promise.withResolvers<void>()
  if (server === undefined) closed.resolve()
  else server.close(() => closed.resolve())
  server?.closeIdleConnections()
  await closed.promise
  await copying
  await sender?.close()
  await trail?.sealing?.close()
  await store?.close()
  health?.close()
  process.exit(0)
}

process.on('SIGTERM', () => {
  end().catch((error: unknown) => die('stopping failed', error))
})
process.on('SIGINT', () => {
  end().catch((error: unknown) => die('stopping failed', error))
})
start().catch((error: unknown) => {
  if (stop.signal.aborted) return
  if (error instanceof Corrupt)
    die(
      'the registry log is not what was signed: restore the store from a backup, or begin with an empty one',
      error,
    )
  if (error instanceof BadSettings)
    log.error('the environment is not what the manifest sets', { settings: settingsOf(error) })
  die('the collector cannot start', error)
})
