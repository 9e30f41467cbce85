// Takes a server's trail out of the collector, into a new folder.

import type { Auditor } from './auditor.ts'
import { exportLines } from './collector-connection.ts'
import { type Written, writeExport } from './export-write.ts'

/** Who takes it is put on record by the collector. `read` is told how many records there are so far. */
export async function exportTo(
  auditor: Auditor,
  {
    folder,
    server,
    read,
  }: { folder: string; server: { namespace: string; server: string }; read: (records: number) => void },
): Promise<Written> {
  return await auditor(
    async (socket) =>
      await writeExport(exportLines(socket, server), {
        folder,
        server: `${server.namespace}/${server.server}`,
        now: new Date().toISOString(),
        read,
      }),
  )
}
