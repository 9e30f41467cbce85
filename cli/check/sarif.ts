// Findings as SARIF 2.1.0 (OASIS), which code hosts show beside the line.

import { isAbsolute, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Log, ReportingDescriptor, Result } from 'sarif'
import { citations } from '../../core/citations.ts'
import type { Severity } from '../../core/lint/finding.ts'
import { allRules } from '../../core/lint/rules.ts'
import own from '../../package.json' with { type: 'json' }
import { formRules, type Reported } from './judge.ts'

/** SARIF's words are ours. */
const levels: { readonly [severity in Severity]: 'error' | 'warning' | 'note' } = {
  error: 'error',
  warning: 'warning',
  note: 'note',
}

const rules: readonly ReportingDescriptor[] = [
  ...formRules.map((rule) => descriptor(rule, [])),
  ...allRules.map((rule) => descriptor(rule, [`45 CFR ${citations[rule.control]}`])),
]

export function sarifOf(findings: readonly Reported[]): Log {
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'hipaa-mcp', version: own.version, rules: [...rules] } },
        columnKind: 'utf16CodeUnits',
        results: findings.map(resultOf),
      },
    ],
  }
}

function descriptor(
  { id, severity, about, why }: { id: string; severity: Severity; about: string; why: string },
  tags: string[],
): ReportingDescriptor {
  return {
    id,
    name: id.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: about },
    fullDescription: { text: why },
    help: { text: `${about} ${why}` },
    defaultConfiguration: { level: levels[severity] },
    properties: { tags: ['HIPAA', ...tags] },
  }
}

function resultOf({
  file,
  line,
  column,
  object,
  rule,
  severity,
  place,
  found,
  why,
  write,
  accepted,
}: Reported): Result {
  return {
    ruleId: rule,
    ruleIndex: rules.findIndex(({ id }) => id === rule),
    level: levels[severity],
    message: { text: `${found}. ${why} Write instead: ${write}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(file) },
          region: { startLine: line, startColumn: column },
        },
        logicalLocations: [
          {
            fullyQualifiedName: place === '' ? '/' : place,
            kind: 'member',
            ...(object === undefined ? {} : { name: object }),
          },
        ],
      },
    ],
    ...(accepted === undefined
      ? {}
      : { suppressions: [{ kind: 'inSource', status: 'accepted', justification: accepted }] }),
  }
}

/** A path as a URI reference: relative ones stay so, for the host knows where the checkout is. */
function uriOf(file: string): string {
  if (isAbsolute(file)) return pathToFileURL(file).href
  return file
    .split(sep)
    .map((part) => encodeURIComponent(part))
    .join('/')
}
