// A generated trail with its index, and how long each step of the way to an answer took.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { aKeyFile } from '../cli/a-told-trail.ts'
import { hipaaMcp } from './command-line.ts'
import { generatedPatient, generateTrail } from './generated-trail.ts'
import type { Indexed } from './indexing-main.ts'

export type Years = {
  /** Seconds that it took to write the trail. */
  generated: number
  indexed: Indexed
  /** All accesses to a patient, and seconds until they were told. */
  asked: (patient: number) => Promise<{ rows: number; seconds: number }>
}

/** Writes six years of calls on `patients` patients into `home`, which must be there, and makes their index. */
export async function indexedYears(home: string, records: number, patients: number): Promise<Years> {
  const [folder, index] = [join(home, 'trail'), join(home, 'index')]
  const began = performance.now()
  const witness = await generateTrail(folder, { records, chains: 100, patients, years: 6 })
  const generated = (performance.now() - began) / 1000
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(import.meta.dirname, 'indexing-main.ts'),
    folder,
    witness,
    index,
  ])
  const key = aKeyFile(home)
  return {
    generated,
    indexed: JSON.parse(stdout) as Indexed,
    async asked(patient) {
      const asking = performance.now()
      const options = ['--all', '--json', '--index', index, '--key', key]
      const { code, out, notes } = await hipaaMcp([
        'disclosures',
        folder,
        ...options,
        '--patient',
        generatedPatient(patient),
      ])
      if (code !== 0) throw new Error(notes)
      return { rows: (JSON.parse(out) as unknown[]).length, seconds: (performance.now() - asking) / 1000 }
    },
  }
}
