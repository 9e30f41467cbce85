// Findings for people, grouped by file, and the same as JSON.
import { counted } from '../../core/counted.ts'

import { type Severity, severities } from '../../core/lint/finding.ts'
import { type Screen } from '../command.ts'
import { columns, wrap } from '../table.ts'
import { visible } from '../visible.ts'
import type { Reported } from './judge.ts'
import type { Watched } from './trail-use.ts'

/** How many there are of each; accepted ones are counted apart. */
type Counts = { [severity in Severity | 'accepted']: number }

function countsOf(findings: readonly Reported[]): Counts {
  const counts: Counts = { error: 0, warning: 0, note: 0, accepted: 0 }
  for (const { severity, accepted } of findings) counts[accepted === undefined ? severity : 'accepted'] += 1
  return counts
}

/** Those at a severity or above. */
export function upTo(severity: Severity, findings: readonly Reported[]): Reported[] {
  const last = severities.indexOf(severity)
  return findings.filter((finding) => severities.indexOf(finding.severity) <= last)
}

/** `all`: before the severity; what is not shown is counted. */
export function print(shown: readonly Reported[], all: readonly Reported[], screen: Screen): void {
  for (const [file, findings] of Map.groupBy(shown, (one) => one.file)) {
    screen.out(visible(file))
    for (const finding of findings.toSorted(byPlace)) printOne(finding, screen)
    screen.out('')
  }
  const counts = countsOf(shown)
  const hidden = all.length - shown.length
  const parts = [
    ...severities.filter((one) => counts[one] > 0).map((one) => counted(counts[one], one)),
    ...(counts.accepted > 0 ? [`${counts.accepted} accepted`] : []),
    ...(hidden > 0 ? [`${hidden} of less weight not shown (--severity note)`] : []),
  ]
  screen.out(parts.length === 0 ? 'Nothing found.' : `${parts.join(', ')}.`)
}

function printOne(finding: Reported, screen: Screen): void {
  const { line: row, column, severity, rule, citation, found, why, write, accepted, place, object } = finding
  const law = citation === undefined ? '' : `  45 CFR ${citation}`
  screen.out(`  ${row}:${column}  ${accepted === undefined ? severity : 'accepted'}  ${rule}${law}`)
  for (const part of wrap(visible(found), screen.width - indent.length)) screen.out(`${indent}${part}`)
  const rows: readonly (readonly [label: string, text: string])[] = [
    ...(accepted === undefined
      ? ([
          ['why', why],
          ['write', write],
        ] as const)
      : ([['reason', accepted]] as const)),
    ...(object === undefined ? [] : ([['at', `${place === '' ? '/' : place} of ${object}`]] as const)),
  ]
  const shown = rows.map(([label, text]) => [label, visible(text)])
  for (const line of columns(shown, screen.width - indent.length)) screen.out(`${indent}${line}`)
}

const indent = ' '.repeat(6)

const byPlace = (a: Reported, b: Reported): number => a.line - b.line || a.column - b.column

const reportSchema = 'hipaa-mcp-check/1'

/** `trail`: what it tells of, where one was asked. */
export function jsonOf(findings: readonly Reported[], trail?: Watched): object {
  return {
    schema: reportSchema,
    ...(trail === undefined ? {} : { trail: spanOf(trail) }),
    counts: countsOf(findings),
    findings: findings.map(({ citation, ...finding }) => ({
      ...finding,
      ...(citation === undefined ? {} : { citation: `45 CFR ${citation}` }),
    })),
  }
}

function spanOf({ server, from, until, days, use }: Watched): object {
  return { server, from, until, days, calls: use.calls }
}

/** How far the trail tells, and whether that is long enough. */
export function printTrail(
  { server, from, until, days, use }: Watched,
  wanted: number,
  screen: Screen,
): void {
  const short =
    days < wanted
      ? ` The policy in force was watched for ${days} of ${wanted} days: it is too early to take away what was not used (notes).`
      : ''
  const text = `Trail of ${server}, verified: ${counted(use.calls, 'call')} from ${from} to ${until}.${short}`
  for (const line of wrap(text, screen.width)) screen.out(line)
  screen.out('')
}
