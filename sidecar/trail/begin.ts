// Begins this process's chain: what former processes left goes to the collector first, then the collector gives an
// origin that was never used, and the chain's key is made. It needs the collector once, in each mode.

import { generateKeyPairSync } from 'node:crypto'
import { type Acknowledge, hasVolume } from '../../core/acknowledge.ts'
import { backoff } from '../../core/backoff.ts'
import { rawPublicKey } from '../../core/checkpoint.ts'
import type { Entry } from '../../core/record.ts'
import type { ChainResponse } from '../../core/wire.ts'
import { codeOf, idOf, type Log } from '../log.ts'
import { pause } from '../pause.ts'
import { bothHome } from './both.ts'
import { Chain } from './chain.ts'
import { type Checkpoints, keepCheckpoints } from './checkpoints.ts'
import type { CollectorClient } from './collector-client.ts'
import { Contact } from './contact.ts'
import { ChainOver, type Home } from './home.ts'
import { localHome } from './local.ts'
import { type Marks, marksFor, segmentsToKeep, tellPressure, usualMarks } from './pressure.ts'
import { recover } from './recovery.ts'
import { Segments } from './segment.ts'
import { Shipper } from './shipper.ts'
import { streamHome } from './stream.ts'

export type TrailOptions = {
  acknowledge: Acknowledge
  /** Where segments stand; Local and Both only. */
  folder: string
  collector: CollectorClient
  version: string
  onOver: (over: ChainOver) => void
  watch?: (seen: { kind: Entry['kind']; milliseconds: number }) => void
  log: Log
  signal?: AbortSignal
  /** Bytes of one segment. */
  segmentSize?: number
  /** Local and Both only; otherwise by the size of the volume. */
  marks?: Marks
}

export type RunningTrail = {
  chain: Chain
  home: Home
  checkpoints: Checkpoints
  /** Bytes that are on the volume and not yet at the collector; 0 for Stream. */
  unshipped: () => number
  /** Closes the chain, signs its last head and ships what is left. Rejects when not all of that could be done. */
  close: () => Promise<void>
}

/**
 * How the collector follows the volume. Each exchange costs as much as serving a call: what comes is gathered, milliseconds, since
 * little more than nothing is at stake (what the volume alone has, while it may have 64 MB); but not while a call waits for it.
 */
const byVolume = {
  Local: { home: localHome, gather: 250, keeps: () => 0 },
  Both: { home: bothHome, gather: 0, keeps: segmentsToKeep },
} as const satisfies { [mode: string]: object }

/** Waits for the collector as long as it takes. Rejects with SegmentDamaged or ChainOver when a person must look. */
export async function beginTrail(options: TrailOptions): Promise<RunningTrail> {
  const { acknowledge, folder, collector, version, onOver, watch, log, signal } = options
  if (hasVolume(acknowledge))
    await recover({ folder, collector, log, ...(signal === undefined ? {} : { signal }) })
  const { publicKey, privateKey: key } = generateKeyPairSync('ed25519')
  const raw = rawPublicKey(publicKey)
  const { origin, restart, witness, before } = await register(raw, options)
  log.info('The chain of this process began', { origin: idOf(origin) })
  const contact = new Contact(collector, origin, witness)

  const marks = hasVolume(acknowledge) ? (options.marks ?? (await marksFor(folder))) : usualMarks
  const { home, unshipped } = ((): { home: Home; unshipped: () => number } => {
    if (acknowledge === 'Stream') return { home: streamHome(contact), unshipped: () => 0 }
    const { segmentSize } = options
    const segments = new Segments({
      folder,
      origin,
      publicKey: raw.toString('base64'),
      restart,
      ...(segmentSize === undefined ? {} : { size: segmentSize }),
    })
    const { home, gather, keeps } = byVolume[acknowledge]
    const keep = keeps(marks, segments.size)
    const shipper = new Shipper({ segments, contact, onOver, log, marks, gather, keep })
    return { home: home(segments, shipper, contact), unshipped: () => shipper.behind() }
  })()

  const chain = new Chain({
    origin,
    key,
    home,
    acknowledge,
    version,
    ...(before === undefined ? {} : { before }),
    onOver,
    ...(watch === undefined ? {} : { watch }),
  })
  const checkpoints = keepCheckpoints({ chain, home, onOver, log })
  const quiet = tellPressure(() => chain.pressure(), log)
  return {
    chain,
    home,
    checkpoints,
    unshipped,
    async close() {
      quiet()
      // In this order: the last record, a head over it, then the end of what carries them.
      const ends = [() => chain.close(), () => checkpoints.close(), () => home.close()]
      let failure: unknown
      for (const end of ends) await end().catch((error: unknown) => (failure ??= error))
      if (failure !== undefined) throw failure
    },
  }
}

/** The same key again after a lost answer: the collector then gives the same origin. */
async function register(publicKey: Buffer, { collector, log, signal }: TrailOptions): Promise<ChainResponse> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await collector.begin(publicKey)
    } catch (error) {
      if (error instanceof ChainOver) throw error
      log.warn('The collector gave no chain yet; asking again', { error: codeOf(error), attempt })
    }
    await pause(backoff(attempt, 200, 5_000), signal)
  }
}
