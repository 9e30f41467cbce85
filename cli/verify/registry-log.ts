// The registry log of a trail: its records, its own checkpoint, and what witnesses outside signed of it.

import type { NoteKey } from '../../core/checkpoint.ts'
import { leafHash, Tree } from '../../core/merkle.ts'
import { type AuditRecord, parseRecord } from '../../core/record.ts'
import { registryOrigin } from '../../core/wire.ts'
import type { WitnessPolicy } from '../../core/witness-policy.ts'
import type { TrailSource } from '../trail/source.ts'
import { type Earlier, EarlierCheck } from './earlier.ts'
import type { Finding } from './finding.ts'
import { type Checked, checkNote } from './note-check.ts'
import { type Outside, OutsideCheck } from './outside-check.ts'
import { keyOf } from './parts.ts'
import { RegistryCheck } from './registry-check.ts'

export type CheckedLog = {
  check: RegistryCheck
  records: number
  checkpoint: Checked | undefined
  /** With a policy only. */
  outside: Outside | undefined
  findings: Finding[]
}

/** Reads and judges it. `read` is told of every record, in order. */
export async function checkRegistry(
  source: TrailSource,
  { witness, policy }: { witness: NoteKey | undefined; policy: WitnessPolicy | undefined },
  kept: Earlier,
  read: (record: AuditRecord | undefined, index: number) => void,
): Promise<CheckedLog> {
  const where = 'registry'
  const check = new RegistryCheck()
  const tree = new Tree()
  const findings: Finding[] = []
  const key = keyOf(await source.text(registryOrigin, 'vkey'), 'ed25519')
  const earlier = new EarlierCheck(kept.get(registryOrigin) ?? [], key)
  const outside =
    policy === undefined
      ? undefined
      : new OutsideCheck(policy, await source.text(registryOrigin, 'witnessed'), key)
  const wrongTiles = (says: string): void => void findings.push({ where, says })
  for await (const { bytes, ended } of source.records(registryOrigin, { wrong: wrongTiles })) {
    let record: AuditRecord | undefined
    try {
      if (!ended) throw new TypeError('cut off')
      record = parseRecord(bytes)
      check.take(record)
    } catch {
      findings.push({
        where,
        index: tree.size,
        says: 'it is no record in canonical form: it was changed or cut',
      })
    }
    read(record, tree.append(leafHash(bytes)))
    earlier.compare(tree)
    outside?.compare(tree)
  }
  const vouched = outside?.finish(tree.size)
  findings.push(...(vouched?.findings ?? []).map((says) => ({ where, says })))
  findings.push(...earlier.finish(tree.size).map((says) => ({ where, says })))
  const note = await source.text(registryOrigin, 'checkpoint')
  if (key === undefined || key.name !== registryOrigin)
    return {
      check,
      records: tree.size,
      checkpoint: undefined,
      outside: vouched?.outside,
      findings: [...findings, ...check.findings, { where, says: 'its key is missing or none' }],
    }
  const checked: ReturnType<typeof checkNote> =
    note === undefined
      ? { wrong: 'its checkpoint is missing' }
      : checkNote(note, { origin: registryOrigin, log: key, witness })
  if ('wrong' in checked)
    return {
      check,
      records: tree.size,
      checkpoint: undefined,
      outside: vouched?.outside,
      findings: [...findings, ...check.findings, { where, says: checked.wrong }],
    }
  const { size, root } = checked.checkpoint
  const wrong =
    size !== tree.size
      ? `it has ${tree.size} records, its checkpoint covers ${size}`
      : tree.root().equals(root)
        ? undefined
        : 'one or more of its records are not what its checkpoint says'
  if (wrong !== undefined) findings.push({ where, says: wrong })
  return {
    check,
    records: tree.size,
    outside: vouched?.outside,
    checkpoint: wrong === undefined ? checked.checkpoint : undefined,
    findings: [...findings, ...check.findings],
  }
}
