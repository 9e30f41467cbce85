// The work of `hipaa-mcp check`, loaded by that command alone: the other commands need none of it, and `connect` runs all day.

import type { Severity } from '../../core/lint/finding.ts'
import { CannotError, exitCodes, type Screen } from '../command.ts'
import { read } from './documents.ts'
import { judge, judgeUse } from './judge.ts'
import { jsonOf, print, printTrail, upTo } from './report.ts'
import { sarifOf } from './sarif.ts'
import { watched } from './trail-use.ts'

export type Asked = {
  operands: readonly string[]
  severity: Severity
  as: 'text' | 'json' | 'sarif'
  /** Folder of an exported trail, and for how many days what is unused counts. */
  trail?: { folder: string; witness?: string }
  days: number
}

/** Resolves to the exit code. */
export async function runCheck(
  { operands, severity, as, trail, days }: Asked,
  screen: Screen,
): Promise<number> {
  const objects = await read(operands)
  if (objects.sources.length + objects.broken.length === 0)
    throw new CannotError(
      `There is no object of hipaa-mcp.dev in ${operands.join(', ')}: config/samples/ehr.yaml is one to begin with`,
    )
  const told = trail === undefined ? undefined : await watched({ ...trail, days })
  const unused = told === undefined ? [] : await judgeUse(objects, told, days)
  if (unused === undefined)
    throw new CannotError(
      `The trail is of ${told?.server}, and no file holds that HipaaMcpServer: give its manifest`,
    )
  const all = [...(await judge(objects, Date.now())), ...unused]
  const shown = upTo(severity, all)
  if (as === 'json') screen.out(JSON.stringify(jsonOf(shown, told), null, 2))
  else if (as === 'sarif') screen.out(JSON.stringify(sarifOf(shown), null, 2))
  else {
    if (told !== undefined) printTrail(told, days, screen)
    print(shown, all, screen)
  }
  return shown.some(({ accepted }) => accepted === undefined) ? exitCodes.findings : exitCodes.ok
}
