// An exported folder of a real trail: what the collector streams, written as the command line writes it.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folderOfChain } from '../../cli/export-layout.ts'
import { writeExport } from '../../cli/export-write.ts'
import type { Store } from '../../collector/commit/commit.ts'
import { exportLines } from '../../collector/export.ts'
import type { Trail } from '../../collector/trail.ts'
import { type AuditRecord, recordBytes } from '../../core/record.ts'
import { aFolder, anEmbeddedStore, aTrail, type Clock, Process } from '../collector/a-trail.ts'
import { aClose, anIntent, anOrders, aRefusal, aResult } from '../core/records.ts'

export type Export = {
  folder: string
  store: Store
  trail: Trail
  witness: string
  clock: Clock
  /** Closed itself, all settled. */
  closed: Process
  /** Died with one call open, was succeeded. */
  died: Process
  /** Lives; its newest records have no checkpoint yet. */
  live: Process
}

export async function exported(trail: Trail, store: Store, folder: string): Promise<string> {
  const { witness } = await writeExport(
    exportLines(trail, store, { namespace: 'clinic', server: 'ehr', by: 'officer@clinic.example' }),
    { folder, server: 'clinic/ehr', now: '2026-11-25T21:00:00.000Z', read: () => undefined },
  )
  return witness
}

const call = (id: string): AuditRecord[] => [anIntent(id), aResult(id)]

export async function anExport(): Promise<Export> {
  const clock = { now: 1_790_000_000_000 }
  const store = await anEmbeddedStore()
  const trail = await aTrail(store, clock)

  const closed = await Process.started(trail)
  await closed.write(anOrders(), ...call('a1'), ...call('a2'), aRefusal('a3'), aClose())
  await closed.checkpoint()
  const died = await Process.started(trail)
  await died.write(anOrders(), ...call('b1'), ...call('b2'))
  await died.checkpoint(4)
  await died.write(anIntent('lost'))
  const live = await Process.started(trail, died.pod)
  await live.write(anOrders(), ...call('c1'), ...call('c2'))
  await live.checkpoint()
  await live.write(...call('c3'), anIntent('running'))
  await trail.sweep()

  const folder = join(aFolder(), 'trail')
  const witness = await exported(trail, store, folder)
  return { folder, store, trail, witness, clock, closed, died, live }
}

export const pathIn = (folder: string, origin: string, name: string): string =>
  join(folder, folderOfChain(origin), name)

/** Rewrites the records of a chain in an export. */
export function tamper(folder: string, origin: string, change: (lines: string[]) => string[]): void {
  const path = pathIn(folder, origin, 'records.ndjson')
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  writeFileSync(
    path,
    change(lines)
      .map((line) => `${line}\n`)
      .join(''),
  )
}

/** A record as a line. */
export const line = (record: AuditRecord): string => recordBytes(record).toString('utf8')
