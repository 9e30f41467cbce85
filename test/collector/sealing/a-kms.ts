// A holder of keys that fails when it is told to, and what it was given.

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileWrapper } from '../../../collector/kms/file.ts'
import { type KeyWrapper, KmsFailed, type KmsReason } from '../../../collector/kms/key-wrapper.ts'
import type { SealedSegment } from '../../../core/sealed/sealed-segment.ts'
import { readSegment, type SegmentHeader } from '../../../core/sealed/segment.ts'
import { all } from '../../core/sealed/streams.ts'
import { aFolder } from '../a-trail.ts'

export type Kms = {
  wrapper: KeyWrapper
  /** How it fails now. */
  fails: KmsReason | undefined
  /** It wraps, and refuses to unwrap what the newest key wrapped. */
  opensNot: boolean
  /** It answers when this resolves. */
  hangs: PromiseWithResolvers<void> | undefined
  /** Every data key that it was asked to wrap: the very bytes that the caller holds, and what they were. */
  wrapped: { held: Buffer; was: Buffer }[]
  rotate: () => void
}

export function aKms(): Kms {
  const path = join(aFolder(), 'keys')
  const real = fileWrapper(path)
  const kms: Kms = {
    fails: undefined,
    opensNot: false,
    hangs: undefined,
    wrapped: [],
    rotate: () =>
      writeFileSync(path, `k${randomBytes(3).toString('hex')} ${randomBytes(32).toString('base64')}\n`, {
        flag: 'a',
      }),
    wrapper: {
      ...real,
      wrap: async (dataKey, context) => {
        await kms.hangs?.promise
        if (kms.fails !== undefined) throw new KmsFailed(kms.fails)
        kms.wrapped.push({ held: dataKey, was: Buffer.from(dataKey) })
        return await real.wrap(dataKey, context)
      },
      unwrap: async (key, context) => {
        if (kms.opensNot) throw new KmsFailed('kms-refuses')
        return await real.unwrap(key, context)
      },
      health: async () => {
        if (kms.fails !== undefined) throw new KmsFailed(kms.fails)
        return await real.health()
      },
    },
  }
  kms.rotate()
  return kms
}

/** A segment opened as its reader does: by the key's holder. */
export async function opened(
  segment: SealedSegment,
  { wrapper }: Pick<Kms, 'wrapper'>,
): Promise<{ header: SegmentHeader; records: string[] }> {
  const { header, records } = await readSegment(segment.read())
  const key = { keyId: header.keyId, wrapped: Buffer.from(header.wrapped, 'base64') }
  const dataKey = await wrapper.unwrap(key, { origin: header.origin, segment: header.segment })
  return { header, records: (await all(records(dataKey))).flat().map(String) }
}
