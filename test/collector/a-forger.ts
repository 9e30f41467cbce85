// Whoever holds the collector's disk and both of its keys, and would have another past.

import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { openEmbedded } from '../../collector/commit/embedded.ts'
import { loadKeys } from '../../collector/keys.ts'
import { cosign, signCheckpoint, vkey } from '../../core/checkpoint.ts'
import { leafHash, rootOf } from '../../core/merkle.ts'
import { registryOrigin } from '../../core/wire.ts'
import { aFolder } from './a-trail.ts'

const onPoisoned = (reason: Error): never => {
  throw reason
}

/**
 * A copy of a store that nobody has open, whose registry log is what `change` makes of it, and signed anew with the
 * collector's own keys. What witnesses signed is left out: its forger would not keep it.
 */
export async function forgedStore(folder: string, change: (records: Buffer[]) => Buffer[]): Promise<string> {
  const honest = await openEmbedded({ folder, onPoisoned })
  const records: Buffer[] = []
  for await (const some of honest.read(registryOrigin, 0)) records.push(...some)
  await honest.close()

  const other = aFolder()
  for (const part of ['keys', 'chains']) cpSync(join(folder, part), join(other, part), { recursive: true })
  const forged = await openEmbedded({ folder: other, onPoisoned })
  const { registry, witness } = await loadKeys(forged)
  await forged.begin({ origin: registryOrigin, vkey: vkey(registry) })
  const changed = change(records)
  if (changed.length > 0) await forged.append(registryOrigin, 0, changed)
  const checkpoint = {
    origin: registryOrigin,
    size: changed.length,
    root: rootOf(changed.map(leafHash)),
  }
  await forged.saveCheckpoint(
    registryOrigin,
    signCheckpoint(checkpoint, registry) + cosign(checkpoint, witness, Math.floor(Date.now() / 1000)),
  )
  await forged.close()
  return other
}

/** How the past is changed, and what a witness answers that signed the honest one: the reason in our words. */
export const forgeries: { what: string; change: (records: Buffer[]) => Buffer[]; reasons: string[] }[] = [
  { what: 'is cut off at its end', change: (records) => records.slice(0, -2), reasons: ['ahead'] },
  { what: 'begins anew', change: () => [], reasons: ['ahead'] },
  {
    what: 'is rewritten in the middle',
    change: (records) => records.with(1, later(records[1] as Buffer)),
    // C2SP has 409 for another root of the same size; some answer as to any proof that is wrong.
    reasons: ['other-root', 'inconsistent'],
  },
  {
    what: 'goes on from another end',
    change: (records) => [...records.slice(0, -1), ...Array.from({ length: 3 }, () => records[0] as Buffer)],
    reasons: ['inconsistent'],
  },
]

/** The same record, written a millisecond later or earlier. */
function later(record: Buffer): Buffer {
  return Buffer.from(
    String(record).replace(
      /\.(\d\d)(\d)Z"/,
      (_, tens: string, ones: string) => `.${tens}${(Number(ones) + 1) % 10}Z"`,
    ),
  )
}
