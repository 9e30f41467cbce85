// Findings for people, grouped by file, and the same as JSON.

import { type Severity, severities } from '../../core/lint/finding.ts'
import { type Screen } from '../command.ts'
import { columns, wrap } from '../table.ts'
import type { Reported } from './judge.ts'

/** How many there are of each; accepted ones are counted apart. */
export type Counts = { [severity in Severity | 'accepted']: number }

export function countsOf(findings: readonly Reported[]): Counts {
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
    screen.out(file)
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
  for (const part of wrap(found, screen.width - indent.length)) screen.out(`${indent}${part}`)
  const rows: readonly (readonly [label: string, text: string])[] = [
    ...(accepted === undefined
      ? ([
          ['why', why],
          ['write', write],
        ] as const)
      : ([['reason', accepted]] as const)),
    ...(object === undefined ? [] : ([['at', `${place === '' ? '/' : place} of ${object}`]] as const)),
  ]
  for (const line of columns(rows, screen.width - indent.length)) screen.out(`${indent}${line}`)
}

const indent = ' '.repeat(6)

const byPlace = (a: Reported, b: Reported): number => a.line - b.line || a.column - b.column

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

export const reportSchema = 'hipaa-mcp-check/1'

export function jsonOf(findings: readonly Reported[]): object {
  return {
    schema: reportSchema,
    counts: countsOf(findings),
    findings: findings.map(
      ({
        file,
        line,
        column,
        object,
        rule,
        severity,
        citation,
        place,
        subject,
        found,
        why,
        write,
        accepted,
      }) => ({
        file,
        line,
        column,
        object,
        rule,
        severity,
        citation: citation === undefined ? undefined : `45 CFR ${citation}`,
        place,
        subject,
        found,
        why,
        write,
        accepted,
      }),
    ),
  }
}
