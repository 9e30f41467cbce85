// The sample EHR as a stdio server, as teams have them today: the same tools, one process, records of its own, and as
// careless as many are. It writes whom it serves to standard error, and greets on standard output.
//
//   [SEED=1] [COUNT=10] node test/sample/ehr-stdio.ts

import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { ehrServer } from './ehr-server.ts'
import { type PatientRecord, records } from './fhir.ts'
import type { RecordStore } from './record-store.ts'

/** Records in memory; every one that is read is told of. */
function memoryStore(given: readonly PatientRecord[]): RecordStore {
  const byId = new Map(given.map((record) => [record.patient.id, record]))
  return {
    read: async (id) => {
      const record = byId.get(id)
      console.error('serving', JSON.stringify(record?.patient))
      return await Promise.resolve(record)
    },
    search: async (name) =>
      await Promise.resolve(
        [...byId.values()]
          .map(({ patient }) => patient)
          .filter((patient) => JSON.stringify(patient['name']).toLowerCase().includes(name.toLowerCase()))
          .slice(0, 50),
      ),
    write: async () => await Promise.reject(new Error('These records are fixed: set SEED and COUNT instead')),
    answers: async () => await Promise.resolve(true),
    close: async () => await Promise.resolve(),
  }
}

const given = [...records(Number(process.env['SEED'] ?? 1), Number(process.env['COUNT'] ?? 10))]
console.log(`sample EHR with ${given.length} records, the first of ${JSON.stringify(given[0]?.patient)}`)
const store = memoryStore(given)
serveStdio(() => ehrServer(store, undefined))
