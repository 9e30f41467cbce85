// The volume of a pod that is gone: what its processes left on it goes to the collector by the same code by which the next
// process of a pod ships it (recovery.ts), under an identity of its own, which may do that for this one pod and nothing else.
// Nothing on the volume is changed: it goes when the collector says that every chain has ended.

import { setTimeout as sleep } from 'node:timers/promises'
import { backoff } from '../../core/backoff.ts'
import { newKey, pemOf } from '../../core/csr.ts'
import { identityOf } from '../../core/identifiers.ts'
import { leafOf } from '../channel/certificate.ts'
import { ask } from '../channel/identity.ts'
import type { Link } from '../channel/link.ts'
import { codeOf, type Log } from '../log.ts'
import { CollectorClient } from './collector-client.ts'
import { recover, untilTaken } from './recovery.ts'

export type RecoverVolumeOptions = {
  folder: string
  /** File of the pod-bound token. */
  token: string
  /** To the channel, without a client certificate. */
  channel: Pick<Link, 'request'>
  collector: Pick<Link, 'request' | 'upgrade' | 'use'>
  log: Log
}

/**
 * Resolves to the number of records that were on the volume, when the collector has them all and every chain of the pod has
 * ended. Waits for the operator and the collector as long as it takes. Rejects with SegmentDamaged or ChainOver when a
 * person must look.
 */
export async function recoverVolume(options: RecoverVolumeOptions): Promise<number> {
  const { folder, collector, log } = options
  const over = new AbortController()
  const { signal } = over
  try {
    const until = await identify(options, signal)
    // The collector may be away for longer than a certificate lives.
    renewing(until, options, signal).catch((error: unknown) => {
      if (!signal.aborted) log.error('The certificate is not renewed any more', { error: codeOf(error) })
    })
    const client = new CollectorClient(collector)
    const records = await recover({ folder, collector: client, log, signal, keep: true })
    // If this process dies now, the next one ships the same records again, which the collector has already.
    await untilTaken(async () => await client.recovered(), { log, signal })
    return records
  } finally {
    over.abort()
  }
}

async function renewing(first: number, options: RecoverVolumeOptions, signal: AbortSignal): Promise<void> {
  for (let until = first; ; until = await identify(options, signal)) {
    const half = Math.max(1_000, (until - Date.now()) / 2)
    await sleep(Math.min(half, 2 ** 31 - 1), undefined, { signal, ref: false })
  }
}

/** Gets a certificate and uses it; resolves to its end, milliseconds since 1970. */
async function identify(
  { token, channel: link, collector, log }: RecoverVolumeOptions,
  signal: AbortSignal,
): Promise<number> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const key = newKey()
      const { channel: cert } = await ask({ link, token }, key, [], signal)
      const pem = pemOf(key)
      const { until, subjectAltName } = leafOf(cert, pem)
      if (identityOf(subjectAltName)?.role !== 'recovery')
        throw new TypeError('The certificate is not one for recovery')
      collector.use({ key: pem, cert })
      return until
    } catch (error) {
      log.warn('No certificate yet; asking the operator again', { error: codeOf(error), attempt })
    }
    await sleep(backoff(attempt, 500, 10_000), undefined, { signal })
  }
}
