// What former processes of this pod left on the volume: read back and handed to the collector under their own origins,
// before this process begins its chain, or by the recovery Job when the pod is gone (recover-volume.ts). Files go only when
// the collector has all that is in them.

import { readdir, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { backoff } from '../../core/backoff.ts'
import { codeOf, type Log } from '../log.ts'
import { pause } from '../pause.ts'
import type { CollectorClient } from './collector-client.ts'
import { type Frame, headerIn, recordsIn, scan } from './frames.ts'
import { ChainOver } from './home.ts'
import { syncFolder } from './segment.ts'

/** A segment holds what no crash leaves behind. It is kept as it is: a person must look. */
export class SegmentDamaged extends Error {
  constructor() {
    super('A trail segment is damaged. Keep its volume, export what the collector has, then replace the pod')
    this.name = 'SegmentDamaged'
  }
}

/** A chain as far as it was read. `next`: index of its next record. */
type Chain = { origin: string; sequence: number; first: number; next: number; note?: string; paths: string[] }

export type RecoveryOptions = {
  folder: string
  collector: Pick<CollectorClient, 'records' | 'checkpoint'>
  log: Log
  signal?: AbortSignal
  /** Nothing is taken away: the files stay as they are. */
  keep?: true
}

/**
 * Ships everything that is left, and waits for the collector as long as it takes. Returns how many records there were.
 * Rejects with SegmentDamaged, and with ChainOver where the collector has other records at the same places; whatever
 * could be shipped then is shipped, and every file is kept.
 */
export async function recover(options: RecoveryOptions): Promise<number> {
  const { folder, log } = options
  const names = (await readdir(folder)).filter((name) => name.endsWith('.segment')).toSorted()
  let chain: Chain | undefined
  let total = 0
  // One file in memory at a time.
  for (const name of names) {
    const path = join(folder, name)
    const { frames, damaged } = scan(await readFile(path))
    const [first, ...rest] = frames
    if (first === undefined && !damaged) {
      // Prepared and never used, or its header was torn: nothing was acknowledged in it.
      if (options.keep !== true) await unlink(path)
      continue
    }
    const header = first?.kind === 'header' ? headerIn(first.payload) : undefined
    if (header === undefined) throw new SegmentDamaged()
    if (chain?.origin !== header.origin) {
      total += await finish(chain, options)
      const { origin, sequence, first: index } = header
      chain = { origin, sequence: sequence - 1, first: index, next: index, paths: [] }
    }
    // The segment before must end where this one begins: one that was cut off is not a tail.
    if (header.sequence !== chain.sequence + 1 || header.first !== chain.next) throw new SegmentDamaged()
    chain.sequence = header.sequence
    chain.paths.push(path)
    await ship(rest, chain, options)
    if (damaged) throw new SegmentDamaged()
  }
  total += await finish(chain, options)
  if (options.keep !== true) await syncFolder(folder)
  if (total > 0) log.info('Records of a former process are with the collector', { records: total })
  return total
}

async function ship(frames: readonly Frame[], chain: Chain, options: RecoveryOptions): Promise<void> {
  for (const { kind, payload } of frames) {
    if (kind === 'checkpoint') chain.note = payload.toString('utf8')
    if (kind !== 'records') continue
    const records = recordsIn(payload)
    await untilTaken(async () => await options.collector.records(chain.origin, chain.next, records), options)
    chain.next += records.length
  }
}

/** All records of a chain are shipped: its last checkpoint follows, and its files go. */
async function finish(chain: Chain | undefined, options: RecoveryOptions): Promise<number> {
  if (chain === undefined) return 0
  const { note } = chain
  // Signed by the former process, whose key is gone: it covers all but the last seconds of it.
  if (note !== undefined) await untilTaken(async () => await options.collector.checkpoint(note), options)
  if (options.keep !== true) for (const path of chain.paths) await unlink(path)
  return chain.next - chain.first
}

/** Sends until it is taken. Rejects with ChainOver when it never will be. */
export async function untilTaken(
  send: () => Promise<unknown>,
  { log, signal }: Pick<RecoveryOptions, 'log' | 'signal'>,
): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await send()
      return
    } catch (error) {
      if (error instanceof ChainOver) throw error
      log.warn('Records of a former process wait on the volume; shipping them again', {
        error: codeOf(error),
        attempt,
      })
    }
    await pause(backoff(attempt, 200, 5_000), signal)
  }
}
