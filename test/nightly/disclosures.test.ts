// Six years of a busy server: how long it takes to say who saw one patient.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { aKeyFile } from '../cli/a-told-trail.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { generatedPatient, generateTrail } from '../support/generated-trail.ts'
import { verifies } from '../verifies.ts'

/** Fewer where a machine has not an hour for it. */
const records = Number(process.env['DISCLOSURES_RECORDS'] ?? 10_000_000)
const patients = 100_000

verifies(
  'audit:disclosures',
  'of ten million records, one patient is found within seconds',
  async () => {
    const home = mkdtempSync(join(tmpdir(), 'hipaa-mcp-years-'))
    try {
      const folder = join(home, 'trail')
      const witness = await generateTrail(folder, { records, chains: 100, patients, years: 6 })
      const key = aKeyFile(home)
      const asked = async (patient: number): Promise<{ seconds: number; rows: unknown[] }> => {
        const began = performance.now()
        const options = ['--all', '--json', '--key', key, '--patient', generatedPatient(patient)]
        const { code, out } = await hipaaMcp([
          'disclosures',
          folder,
          '--index',
          `${folder}.index`,
          '--witness',
          witness,
          ...options,
        ])
        expect(code).toBe(0)
        return { seconds: (performance.now() - began) / 1000, rows: JSON.parse(out) as unknown[] }
      }

      const first = await asked(1)
      const memory = process.memoryUsage().rss / 2 ** 20
      const later = await asked(2)

      console.log(
        `${records} records: read, verified and indexed in ${first.seconds.toFixed(0)} s, ${memory.toFixed(0)} MB; then ${later.seconds.toFixed(2)} s a patient`,
      )
      // Half of the records are intents; a patient has every hundred-thousandth of the calls.
      expect(later.rows.length).toBeGreaterThanOrEqual(Math.floor(records / 2 / patients) - 1)
      expect(later.seconds).toBeLessThan(5)
      expect(memory).toBeLessThan(1500)
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  },
  3_600_000,
)
