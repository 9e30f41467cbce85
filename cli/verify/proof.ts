// `hipaa-mcp verify --proof FILE`: whether one record is in the log whose key the verifier brought, offline and without the trail.

import { type NoteKey, verifyNote } from '../../core/checkpoint.ts'
import { parseRecord } from '../../core/record.ts'
import { parseProof, provenIn, type TlogProof } from '../../core/tlog-proof.ts'
import { CannotError, exitCodes, type Screen, textOf, UsageError, type Values } from '../command.ts'
import { textFrom } from '../lines.ts'
import { columns, wrap } from '../table.ts'
import { visible } from '../visible.ts'
import { ownKey } from './own-key.ts'
import { witnessOf } from './pins.ts'

type ProofReport = {
  ok: boolean
  /** Where the record is, once that is proved. */
  log?: { origin: string; index: number; size: number }
  /** Index of the registry log's record that covers it, where no checkpoint of its own chain does. */
  mark?: number
  /** Seconds since 1970; absent where no witness was asked for. */
  witnessed?: number
  /** Its canonical text, once it is proved. */
  record?: string
  /** A sentence each. */
  findings: string[]
}

/** Runs the command. Resolves to the exit code. */
export async function verifyProofFile(file: string, values: Values, screen: Screen): Promise<number> {
  const others = ['server', 'policy', 'earlier'].filter((option) => values[option] !== undefined)
  if (others.length > 0)
    throw new UsageError(`--${others[0]} is for a trail: a proof wants --vkey, and --witness`)
  const vkey = textOf(values, 'vkey')
  if (vkey === undefined)
    throw new UsageError('--proof wants --vkey, the key of the log, from a source that you trust')
  const log = await ownKey(vkey, 'ed25519', '--vkey')
  const witness = await witnessOf(values)
  const report = judge(readProof(await textFrom(file), file), log, witness)
  if (values['json'] === true) screen.out(JSON.stringify(report, null, 2))
  else print(report, screen)
  return report.ok ? exitCodes.ok : exitCodes.findings
}

function judge(proof: TlogProof | string, log: NoteKey, witness: NoteKey | undefined): ProofReport {
  if (typeof proof === 'string') return { ok: false, findings: [proof] }
  const findings: string[] = []
  const proven = provenIn(proof)
  if (proven === undefined)
    findings.push('its record is not at its place in the tree of its checkpoint: one of them was changed')
  if (proven !== undefined && proven.checkpoint.origin !== log.name)
    findings.push(
      `its checkpoint is that of ${visible(proven.checkpoint.origin)}, the key is that of ${log.name}`,
    )
  if (verifyNote(proof.note, log) === undefined)
    findings.push('its checkpoint is not signed by the key of the log')
  const cosigned = witness === undefined ? undefined : verifyNote(proof.note, witness)
  if (witness !== undefined && cosigned?.time === undefined)
    findings.push('its checkpoint is not cosigned by the witness')
  const record = proven === undefined ? undefined : textOfRecord(proven.record)
  if (proven !== undefined && record === undefined)
    findings.push('what it proves is no record in canonical form')
  if (findings.length > 0 || proven === undefined || record === undefined) return { ok: false, findings }
  return {
    ok: true,
    log: proven.place,
    ...(proven.mark === undefined ? {} : { mark: proven.mark }),
    ...(cosigned?.time === undefined ? {} : { witnessed: cosigned.time }),
    record,
    findings,
  }
}

/** The proof, or what is wrong with it. */
function readProof(text: string, file: string): TlogProof | string {
  try {
    const proof = parseProof(text)
    provenIn(proof)
    return proof
  } catch (error) {
    if (error instanceof TypeError) return error.message
    throw new CannotError(`${file} cannot be read as a proof`)
  }
}

function textOfRecord(bytes: Buffer): string | undefined {
  try {
    parseRecord(bytes)
    return bytes.toString('utf8')
  } catch {
    return undefined
  }
}

function print({ ok, log, mark, witnessed, record, findings }: ProofReport, screen: Screen): void {
  if (!ok || log === undefined) {
    screen.out('NOT PROVED')
    for (const says of findings) for (const line of wrap(says, screen.width, '  ')) screen.out(line)
    return
  }
  const rows = [
    ['log', log.origin],
    ['record', `index ${log.index} of ${log.size}`],
    ...(mark === undefined ? [] : [['covered', `by record ${mark} of the registry log`]]),
    [
      'witnessed',
      witnessed === undefined ? 'not asked: give --witness' : new Date(witnessed * 1000).toISOString(),
    ],
  ]
  for (const line of columns(rows, screen.width)) screen.out(line)
  screen.out(visible(record ?? ''))
  screen.out('PROVED: this record is in the log. Nothing is said of its other records')
}
