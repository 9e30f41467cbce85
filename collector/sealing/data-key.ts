// A data key of one segment: made here, wrapped by the key's holder before anything is promised under it, in memory only,
// and overwritten when the segment is sealed or nothing comes of it.

import { randomBytes, randomUUID } from 'node:crypto'
import { inputKeyBytes } from '../../core/sealed/chunked.ts'
import { type KeyWrapper, KmsFailed } from '../kms/key-wrapper.ts'

export type DataKey = {
  /** The segment for which it is wrapped. */
  segment: string
  /** In the clear. All zero once it is dropped. */
  bytes: Buffer
  keyId: string
  wrapped: Buffer
}

/** Rejects with `KmsFailed`; the key is gone then. */
export async function makeDataKey(wrapper: Pick<KeyWrapper, 'wrap'>, origin: string): Promise<DataKey> {
  const segment = randomUUID()
  const bytes = randomBytes(inputKeyBytes)
  try {
    return { segment, bytes, ...(await wrapper.wrap(bytes, { origin, segment })) }
  } catch (error) {
    bytes.fill(0)
    throw error
  }
}

/** Rejects with `KmsFailed` when the wrapped key does not give this data key back. */
export async function proveKey(
  wrapper: Pick<KeyWrapper, 'unwrap'>,
  origin: string,
  { segment, bytes, keyId, wrapped }: DataKey,
): Promise<void> {
  const opened = await wrapper.unwrap({ keyId, wrapped }, { origin, segment })
  const isSame = opened.equals(bytes)
  opened.fill(0)
  if (!isSame) throw new KmsFailed('kms-answer-wrong')
}

/** Nobody who still holds it can use it. */
export function dropKey(key: DataKey | undefined): void {
  key?.bytes.fill(0)
}
