// Runs the command, for tests: as a process, since it makes namespaces of its own.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isZero, type Row } from './tally.ts'

type Ran = { code: number | null; rows: Row[] /** What is not as promised, a line each. */; wrong: string[] }

export async function faultsRun(options: readonly string[]): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'hipaa-mcp-faults-run-'))
  try {
    const file = join(folder, 'rows.json')
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'main.ts'), '--json', file, ...options],
      {
        stdio: 'inherit',
      },
    )
    const [code] = (await once(child, 'exit')) as [number | null]
    const { rows } = JSON.parse(readFileSync(file, 'utf8')) as { rows: Row[] }
    const wrong = rows
      .filter((row) => !isZero(row))
      .map(({ fault, where, withoutIntent, bytesWithoutRecord, lost, wrong: what }) =>
        [fault, where, `${withoutIntent}/${bytesWithoutRecord}/${lost}`, ...what].join(', '),
      )
    return { code, rows, wrong }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
