// The sample EHR's records in PostgreSQL, over a plain connection.

import pg from 'pg'
import type { PatientRecord } from './fhir.ts'

export type RecordStore = {
  read: (id: string) => Promise<PatientRecord | undefined>
  /** Patient resources whose name holds the text; at most 50. */
  search: (name: string) => Promise<unknown[]>
  /** Replaces the records of the same patients; all of them or none. */
  write: (records: readonly PatientRecord[]) => Promise<void>
  answers: () => Promise<boolean>
  close: () => Promise<void>
}

/** The store behind a `postgres://` URL. Connects when first used, and anew after a connection broke. */
export function openStore(url: string): RecordStore {
  const pool = new pg.Pool({
    connectionString: url,
    max: 8,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
  })
  // An idle connection that breaks is replaced at the next query; unheard, this event would end the process.
  pool.on('error', () => undefined)
  return {
    read: async (id) => {
      const { rows } = await pool.query<{ record: PatientRecord }>(
        'SELECT record FROM records WHERE id = $1',
        [id],
      )
      return rows[0]?.record
    },
    search: async (name) => {
      const { rows } = await pool.query<{ patient: unknown }>(
        `SELECT record -> 'patient' AS patient FROM records WHERE (record -> 'patient' -> 'name')::text ILIKE '%' || $1 || '%' ORDER BY id LIMIT 50`,
        [name],
      )
      return rows.map(({ patient }) => patient)
    },
    write: async (records) => {
      const client = await pool.connect()
      try {
        await client.query('BEGIN')
        await client.query('CREATE TABLE IF NOT EXISTS records (id text PRIMARY KEY, record jsonb NOT NULL)')
        for (const record of records) {
          await client.query(
            'INSERT INTO records (id, record) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET record = EXCLUDED.record',
            [record.patient.id, JSON.stringify(record)],
          )
        }
        await client.query('COMMIT')
      } catch (error) {
        await client.query('ROLLBACK')
        throw error
      } finally {
        client.release()
      }
    },
    answers: async () =>
      await pool.query('SELECT 1').then(
        () => true,
        () => false,
      ),
    close: async () => await pool.end(),
  }
}
