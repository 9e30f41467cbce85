// The one port to whoever holds the key that wraps data keys: an HSM, a KMS, or for development a file. Adapters stand
// beside this file; settings.ts says which one is configured, open.ts loads that one alone.

import { randomBytes } from 'node:crypto'
import { canonical } from '../../core/canonical.ts'
import type { KeyContext } from '../../core/sealed/segment.ts'

/** A data key as its holder gave it back. */
type WrappedKey = {
  /** Names the key that wrapped it, its version included where the holder tells: unwrapping asks for just this one. */
  keyId: string
  wrapped: Buffer
}

/**
 * Every call ends within a bounded time. Rejects with `KmsFailed` and nothing else. No adapter keeps a data key: what it had
 * to copy is overwritten where the language lets it.
 */
export interface KeyWrapper {
  /** Wraps under the newest key. */
  wrap(dataKey: Buffer, context: KeyContext): Promise<WrappedKey>
  /** Unwraps with the key that wrapped. Rejects with `kms-cannot-open` when key, context or bytes are others. */
  unwrap(key: WrappedKey, context: KeyContext): Promise<Buffer>
  /** Wraps and unwraps once. Resolves to the identifier of the key that wraps now. */
  health(): Promise<string>
  /** Lets go of sessions and processes. */
  close(): Promise<void>
}

/** `/readyz` and the log show the reason; nothing else of an answer is repeated, it may hold what we sent. */
const reasons = {
  'kms-away': 'The key’s holder does not answer: see that it runs and that the collector may reach it',
  'kms-refuses': 'The key’s holder refuses: see the collector’s permissions there, its PIN or its token',
  'kms-key-missing': 'The key is not there or not enabled: see its name in HIPAA_MCP_KMS',
  'kms-key-unfit':
    'The key could leave its holder, or cannot do AES-GCM: make one that is not extractable (docs/keys.md)',
  'kms-cannot-open': 'The data key does not open: the key, the origin or the segment is another',
  'kms-library':
    'The HSM’s library cannot be loaded: see module-path in HIPAA_MCP_KMS, and that it is built for this processor and C library',
  'kms-addon':
    'pkcs11js is not compiled: take an image that make image built; in a checkout run node config/image/pkcs11-addon.ts',
  'kms-answer-wrong': 'The key’s holder gave an answer that is none: see what stands at that address',
} as const

export type KmsReason = keyof typeof reasons

export class KmsFailed extends Error {
  readonly reason: KmsReason
  constructor(reason: KmsReason, options?: ErrorOptions) {
    super(reasons[reason], options)
    this.name = 'KmsFailed'
    this.reason = reason
  }
}

/** The bytes of a context, for holders that take additional authenticated data as bytes. */
export function boundBytes(context: KeyContext): Buffer {
  return Buffer.from(canonical(context))
}

/** The `health` of an adapter: what is wrapped must come back. */
export async function roundTrip(wrapper: Pick<KeyWrapper, 'wrap' | 'unwrap'>): Promise<string> {
  const probe = randomBytes(32)
  const context = { origin: 'hipaa-mcp.dev/health', segment: '0' }
  const wrapped = await wrapper.wrap(Buffer.from(probe), context)
  if (!(await wrapper.unwrap(wrapped, context)).equals(probe)) throw new KmsFailed('kms-answer-wrong')
  return wrapped.keyId
}

/** Runs what must end within a time. `signal` aborts when it did not; whoever waits is told at once. */
export async function inTime<T>(milliseconds: number, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const stop = new AbortController()
  const timer = setTimeout(() => {
    late.reject(new KmsFailed('kms-away'))
    stop.abort()
  }, milliseconds)
  try {
    return await Promise.race([task(stop.signal), late.promise])
  } finally {
    clearTimeout(timer)
  }
}
