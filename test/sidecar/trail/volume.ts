// What the segments on a pod's volume hold, read from the files as they are at this moment.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AuditRecord } from '../../../core/record.ts'
import { recordsIn, scan } from '../../../sidecar/trail/frames.ts'

/** Oldest first. */
export const segmentsIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.segment'))
    .toSorted()

export function recordsOn(folder: string): AuditRecord[] {
  return segmentsIn(folder)
    .flatMap((name) => scan(readFileSync(join(folder, name))).frames)
    .filter(({ kind }) => kind === 'records')
    .flatMap(({ payload }) => recordsIn(payload))
    .map((record) => JSON.parse(record.toString('utf8')) as AuditRecord)
}
