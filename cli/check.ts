// `hipaa-mcp check`: whether manifests let through no more than they need (45 CFR 164.502(b)), before anybody applies them.

import { vkey } from '../core/checkpoint.ts'
import { type Severity, severities } from '../core/lint/finding.ts'
import { type Command, textOf, UsageError } from './command.ts'
import { witnessOf } from './verify/pins.ts'

export const check: Command = {
  name: 'check',
  summary: 'Find in manifests what lets through more than it need, and what cannot work',
  operands: 'FILE|DIR...',
  example: 'check ehr.yaml agreement.yaml',
  options: {
    severity: { value: 'SEVERITY', help: 'Lowest that is shown and counts: error, warning (default), note' },
    trail: { value: 'DIR', help: 'Name as well what an exported trail shows to be unused' },
    days: { value: 'N', help: 'With --trail: for how long, 30 unless told otherwise' },
    witness: {
      value: 'VKEY',
      help: 'With --trail: verifier key of the witness, or @FILE, as in hipaa-mcp verify',
    },
    json: { help: 'Print the findings as JSON' },
    sarif: { help: 'Print the findings as SARIF 2.1.0' },
  },
  about:
    'Reads YAML and JSON, - from standard input; objects of other kinds are passed over. Give agreements with the servers that name them. docs/policy-linter.md lists all rules. A finding is accepted by a line of the annotation hipaa-mcp.dev/accepted, RULE: REASON or RULE tools/NAME: REASON; an error never is.\nWith --trail: tools, resources, prompts, roles, purposes and fields that the manifest allows and that nobody used. The trail must verify. Where it, or the policy in force, is younger than --days these are notes.\nExit code 1 when there are findings of the severity that are not accepted, 3 when a file cannot be read or none holds an object of ours.',
  run: async (operands, values, screen) => {
    if (operands.length === 0) throw new UsageError('check wants files or folders, or - for standard input')
    const severity = severityOf(textOf(values, 'severity') ?? 'warning')
    if (values['json'] === true && values['sarif'] === true)
      throw new UsageError('check prints either --json or --sarif')
    const days = daysOf(textOf(values, 'days') ?? '30')
    const folder = textOf(values, 'trail')
    const witness = await witnessOf(values)
    const { runCheck } = await import('./check/run.ts')
    return await runCheck(
      {
        operands,
        severity,
        as: values['json'] === true ? 'json' : values['sarif'] === true ? 'sarif' : 'text',
        ...(folder === undefined
          ? {}
          : { trail: { folder, ...(witness === undefined ? {} : { witness: vkey(witness) }) } }),
        days,
      },
      screen,
    )
  },
}

function severityOf(text: string): Severity {
  const severity = severities.find((one) => one === text)
  if (severity === undefined) throw new UsageError(`--severity wants ${severities.join(', ')}`)
  return severity
}

function daysOf(text: string): number {
  if (!/^[1-9][0-9]{0,3}$/.test(text)) throw new UsageError('--days wants a number of days, such as 30')
  return Number(text)
}
