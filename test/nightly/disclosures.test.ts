// Six years of a busy server: how long it takes to say who saw one patient.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { indexedYears } from '../support/indexed-years.ts'
import { verifies } from '../verifies.ts'

/** Fewer where a machine has not the time for it, or 6 GB of disk. */
const records = Number(process.env['DISCLOSURES_RECORDS'] ?? 10_000_000)
const patients = 100_000

verifies(
  'audit:disclosures',
  'of ten million records, one patient is found within seconds',
  async () => {
    const home = mkdtempSync(join(tmpdir(), 'hipaa-mcp-years-'))
    try {
      const { generated, indexed, asked } = await indexedYears(home, records, patients)
      const { seconds, processor, memory } = indexed
      const questions = []
      for (const patient of [2, 77, 999]) questions.push(await asked(patient))

      console.log(
        `${records} records: written in ${generated.toFixed(0)} s; read, verified and indexed in ${seconds.toFixed(0)} s, ` +
          `${processor.toFixed(0)} s of processors, ${(memory / 2 ** 20).toFixed(0)} MiB; then ` +
          `${questions.map((one) => one.seconds.toFixed(2)).join(', ')} s a patient`,
      )
      // Half of the records are intents; a patient has every hundred-thousandth of the calls.
      for (const { rows, seconds: until } of questions) {
        expect(rows).toBeGreaterThanOrEqual(Math.floor(records / 2 / patients) - 1)
        expect(until).toBeLessThan(5)
      }
      expect(memory).toBeLessThan(400 * 2 ** 20)
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  },
  3_600_000,
)
