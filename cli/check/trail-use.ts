// What of a policy was used, by an exported trail. It is verified first: nobody takes access away by what somebody wrote
// into a file.

import { follow, noUse, type Use } from '../../core/lint/use.ts'
import { type AuditRecord, parseRecord } from '../../core/record.ts'
import { CannotError } from '../command.ts'
import { folderSource } from '../trail/folder-source.ts'
import { checkExport } from '../verify/export-check.ts'

const day = 86_400_000

export type Watched = {
  /** `namespace/name`. */
  server: string
  /** RFC 3339: from when what was used counts, and until when the trail is complete. */
  from: string
  until: string
  /** Whole days in which the newest policy was in force and the trail tells of it. */
  days: number
  use: Use
}

/** Rejects with `CannotError` for a trail that does not verify. */
export async function watched(options: { folder: string; days: number; witness?: string }): Promise<Watched> {
  const { folder, days, witness } = options
  const source = folderSource(folder)
  const report = await checkExport({
    source,
    read: () => undefined,
    ...(witness === undefined ? {} : { witness }),
  })
  if (!report.ok)
    throw new CannotError(
      `The trail in ${folder} does not verify: hipaa-mcp verify ${folder} says why. Nothing is told of what it says was used.`,
    )
  const until = (report.registry.witnessed ?? 0) * 1000
  const from = until - days * day
  const use = noUse()
  const seen = { first: until, policy: '', newest: 0 }
  const since = new Map<string, number>()
  for (const { origin } of report.chains) {
    const take = follow(use)
    for await (const { bytes } of source.records(origin)) {
      const record = parseRecord(bytes)
      const time = Date.parse(record.at)
      seen.first = Math.min(seen.first, time)
      noteOrders(record, time, seen, since)
      if (time >= from) take(record)
    }
  }
  const begin = Math.max(from, seen.first, since.get(seen.policy) ?? from)
  return {
    server: report.server,
    from: new Date(from).toISOString(),
    until: new Date(until).toISOString(),
    days: Math.floor((until - begin) / day),
    use,
  }
}

/** The policy that came into force last, and since when each was in force for the first time. */
function noteOrders(
  record: AuditRecord,
  time: number,
  seen: { policy: string; newest: number },
  since: Map<string, number>,
): void {
  if (record.kind !== 'orders') return
  since.set(record.policy, Math.min(since.get(record.policy) ?? time, time))
  if (time < seen.newest) return
  seen.newest = time
  seen.policy = record.policy
}
