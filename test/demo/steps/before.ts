// The clinic without the product: any pod gets any record, in plain text.

import type { Outcome } from '../../sample/agent.ts'
import type { PatientRecord } from '../../sample/fhir.ts'
import { call, list } from '../calls.ts'
import { claim } from '../claims.ts'
import { askDatabase } from '../database.ts'
import { leaksIn } from '../leaks.ts'
import type { Clinic } from '../scene.ts'
import { say } from '../screen.ts'

const plain = 'http://ehr-mcp.clinic.svc:8080/mcp'

/** What the bare server hands out, for the comparison later. */
export type Bare = { record: PatientRecord; answer: Outcome; notes: string }

/** Calls the bare server as a stranger. Claims that it gives everything away: else there is nothing to show. */
export async function before(clinic: Clinic, record: PatientRecord): Promise<Bare> {
  say('A pod of another team, without token or certificate, calls the EHR server:')
  const asked = { bare: true, from: 'bystander', url: plain } as const
  const tools = await list(clinic, asked)
  const answer = await call(clinic, 'get_patient_record', { patient_id: record.patient.id }, asked)
  const text = answer.ok ? JSON.stringify(answer.result) : ''
  claim(`it sees every tool: ${tools.join(', ')}`, tools.includes('search_patients'))
  claim(
    'and gets the whole record, identifiers included, over plain HTTP',
    leaksIn(text, record).length > 3,
    `${text.length} bytes; in it: ${leaksIn(text, record).join(', ')}`,
  )
  const plainDatabase = await connections(clinic)
  claim('the server speaks to its database in plain text', plainDatabase.plain > 0 && plainDatabase.tls === 0)
  return { record, answer, notes: record.notes.map((note) => note.text).join('\n') }
}

/** Connections to the database from the network, as PostgreSQL itself counts them. */
export async function connections(clinic: Pick<Clinic, 'kubectl'>): Promise<{ tls: number; plain: number }> {
  const counted = new Map(
    (
      await askDatabase(
        clinic,
        'SELECT ssl, count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE client_addr IS NOT NULL GROUP BY ssl',
      )
    ).map(([ssl, count]) => [ssl, Number(count)]),
  )
  return { tls: counted.get('t') ?? 0, plain: counted.get('f') ?? 0 }
}
