// A whole exported trail of any size, written at once as a collector would export it: years of calls by some people on many
// patients, in chains one after the other, signed and cosigned. Synthetic from end to end.

import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { folderOfChain, manifestSchema } from '../../cli/export-layout.ts'
import { cosign, type NoteKey, signCheckpoint, vkey } from '../../core/checkpoint.ts'
import { leafHash, Tree } from '../../core/merkle.ts'
import { patientToken } from '../../core/patient-seal.ts'
import { type AuditRecord, type PatientToken, recordBytes, recordSchema } from '../../core/record.ts'
import { originOf, registryOrigin, witnessName } from '../../core/wire.ts'
import { aClose, anIntent, aResult, aStart, aWho } from '../core/records.ts'
import { testKeys } from './in-force.ts'

const dayMs = 86_400_000
const key = (name: string, kind: NoteKey['kind'] = 'ed25519'): NoteKey => ({
  name,
  kind,
  key: generateKeyPairSync('ed25519').privateKey,
})

export type Size = { records: number; chains: number; patients: number; years: number }

/** The identifier of a generated patient. */
export const generatedPatient = (number: number): string => `p-${number}`

/** Purposes in turn: one of ten is to be accounted for. */
const purposes = [
  'TREAT',
  'TREAT',
  'TREAT',
  'HPAYMT',
  'TREAT',
  'HOPERAT',
  'TREAT',
  'HRESCH',
  'TREAT',
  'TREAT',
]

/** What differs from one call to the next, and is spelled in JSON as it stands. */
type Differs = { at: string; call: string; purpose: string; sub: string } & PatientToken

/** Writes records of one form: its canonical text once, and then what differs, since millions are wanted. */
function stamp(record: AuditRecord): (said: Differs) => Buffer {
  const parts = recordBytes(record)
    .toString('latin1')
    .split(/<(at|call|purpose|sub|token|sealed)>/)
  return (said) =>
    Buffer.from(parts.map((part, i) => (i % 2 === 0 ? part : said[part as keyof Differs])).join(''), 'latin1')
}

const patients = [{ token: '<token>', sealed: '<sealed>' }]
const intentOf = stamp(
  anIntent('<call>', { at: '<at>', patients, purpose: '<purpose>', who: aWho({ sub: '<sub>' }) }),
)
const resultOf = stamp(aResult('<call>', { at: '<at>', patients }))

/**
 * Writes it into `folder`, which must not be there. A call is two records; patient `n % patients` is that of call n. Resolves to
 * the witness's verifier key.
 */
export async function generateTrail(
  folder: string,
  { records, chains, patients, years }: Size,
): Promise<string> {
  const witness = key(witnessName, 'cosignature')
  const registry = key(registryOrigin)
  const end = Date.parse('2026-11-01T00:00:00.000Z')
  const calls = Math.floor((records / chains - 2) / 2)
  const step = (years * 365 * dayMs) / (calls * chains)
  const log: AuditRecord[] = []
  const manifest = []
  const tokens: PatientToken[] = []
  const tokenAt = (number: number): PatientToken =>
    (tokens[number] ??= patientToken(generatedPatient(number), testKeys, 'clinic/ehr'))
  let call = 0
  for (let chain = 0; chain < chains; chain += 1) {
    const origin = originOf('clinic', 'ehr', `00000000-0000-4000-8000-${String(chain).padStart(12, '0')}`, 0)
    const logKey = key(origin)
    const place = join(folder, folderOfChain(origin))
    const timeOf = (number: number): string =>
      new Date(end - years * 365 * dayMs + Math.floor(number * step)).toISOString()
    function* of(): Generator<Buffer> {
      yield recordBytes(aStart(origin, { at: timeOf(call) }))
      for (let i = 0; i < calls; i += 1, call += 1) {
        const said = {
          at: timeOf(call),
          call: `00000000-0000-4000-8000-${call.toString(16).padStart(12, '0')}`,
          purpose: purposes[Math.floor(call / patients) % purposes.length] as string,
          sub: `clinician-${call % 40}`,
          ...tokenAt(call % patients),
        }
        yield intentOf(said)
        yield resultOf(said)
      }
      yield recordBytes(aClose({ at: timeOf(call) }))
    }
    const { size, root } = await write(place, of(), logKey, witness, end)
    const at = new Date(end).toISOString()
    log.push({ schema: recordSchema, at, kind: 'registered', origin, vkey: vkey(logKey) })
    log.push({
      schema: recordSchema,
      at,
      kind: 'ended',
      origin,
      size,
      root: root.toString('base64'),
      how: 'closed',
      unknown: [],
      witnessed: size,
    })
    manifest.push({ origin, folder: folderOfChain(origin), records: size })
  }
  const { size } = await write(join(folder, 'registry'), log.map(recordBytes), registry, witness, end)
  manifest.push({ origin: registryOrigin, folder: 'registry', records: size })
  const whole = {
    schema: manifestSchema,
    server: 'clinic/ehr',
    exported: new Date(end).toISOString(),
    witness: vkey(witness),
    chains: manifest,
  }
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(whole))
  return vkey(witness)
}

async function write(
  place: string,
  records: Iterable<Buffer>,
  log: NoteKey,
  witness: NoteKey,
  end: number,
): Promise<{ size: number; root: Buffer }> {
  mkdirSync(place, { recursive: true })
  const tree = new Tree()
  const file = createWriteStream(join(place, 'records.ndjson'))
  let batch: Buffer[] = []
  const newline = Buffer.from('\n')
  const flush = async (): Promise<void> => {
    if (!file.write(Buffer.concat(batch))) await once(file, 'drain')
    batch = []
  }
  for (const bytes of records) {
    tree.append(leafHash(bytes))
    batch.push(bytes, newline)
    if (batch.length >= 2000) await flush()
  }
  await flush()
  file.end()
  await finished(file)
  const checkpoint = { origin: log.name, size: tree.size, root: tree.root() }
  writeFileSync(
    join(place, 'checkpoint'),
    signCheckpoint(checkpoint, log) + cosign(checkpoint, witness, end / 1000),
  )
  writeFileSync(join(place, 'vkey'), `${vkey(log)}\n`)
  return { size: tree.size, root: tree.root() }
}
