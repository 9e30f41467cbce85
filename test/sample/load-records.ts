// Fills the sample EHR's database: generated records, and those of FHIR bundles.
//
//   DATABASE_URL=postgres://… node test/sample/load-records.ts [--count N] [--seed N] [BUNDLE.json ...] [-]
//
// `-` reads one record a line, as JSON, from standard input.

import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { fromBundle } from './bundle.ts'
import { type PatientRecord, records } from './fhir.ts'
import { openStore, type RecordStore } from './record-store.ts'

const { values, positionals } = parseArgs({
  options: { count: { type: 'string', default: '0' }, seed: { type: 'string', default: '1' } },
  allowPositionals: true,
})
const database = process.env['DATABASE_URL']
if (database === undefined)
  throw new Error('DATABASE_URL is missing: name the PostgreSQL database of the records')

const given: PatientRecord[] = [...records(Number(values.seed), Number(values.count))]
for (const name of positionals) {
  if (name !== '-') given.push(...(await fromBundle(name)))
  else
    for await (const line of createInterface({ input: process.stdin }))
      if (line !== '') given.push(JSON.parse(line) as PatientRecord)
}

const store = openStore(database)
await whenItAnswers(store)
await store.write(given)
await store.close()
console.log(JSON.stringify({ written: given.length }))

/** A database that starts at the same time takes a while. */
async function whenItAnswers(store: RecordStore): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!(await store.answers())) {
    if (performance.now() > deadline) throw new Error('The database did not answer for 60 s: see its log')
    await sleep(500)
  }
}
