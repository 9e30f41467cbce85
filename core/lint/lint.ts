// The linter: every rule over one object, and what people accepted of it. The same for `hipaa-mcp check`, admission and
// status.

import type { BusinessAssociateAgreement } from '../../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { citations } from '../citations.ts'
import type { ObjectMeta } from '../kubernetes.ts'
import { type Acceptance, acceptancesIn, acceptedPlace, concerns } from './accepted.ts'
import { type Context, type Finding, type Found, type Rule, severities } from './finding.ts'
import { acceptanceRules, agreementRules, serverRules } from './rules.ts'
import { type Use, unused, useRules } from './use.ts'

/** Findings of a server, errors first, each kind in the order of the rules. */
export function lintServer(server: HipaaMcpServer, context: Context): Finding[] {
  return judged(server.metadata, found(serverRules, server, context))
}

/** What was not used of a server, in the form of findings: besides those of `lintServer`. */
export function lintUse(
  server: HipaaMcpServer,
  use: Use,
  watched: { days: number; wanted: number },
): Finding[] {
  const findings = unused(server, use, watched).map(({ control, ...one }) => ({
    ...one,
    citation: citations[control],
  }))
  return marked(acceptancesIn(server.metadata), findings)
}

export function lintAgreement(agreement: BusinessAssociateAgreement, context: Context): Finding[] {
  return judged(agreement.metadata, found(agreementRules, agreement, context))
}

function found<Subject>(rules: readonly Rule<Subject>[], subject: Subject, context: Context): Finding[] {
  return rules.flatMap((rule) => rule.find(subject, context).map((one) => findingOf(rule, one)))
}

function findingOf(
  { id, severity, control, why }: Pick<Rule<never>, 'id' | 'severity' | 'control' | 'why'>,
  one: Found,
): Finding {
  return { rule: id, severity, citation: citations[control], why, ...one }
}

/** With what was accepted marked, and what acceptances themselves get wrong. */
function judged(metadata: ObjectMeta, findings: readonly Finding[]): Finding[] {
  const acceptances = acceptancesIn(metadata)
  const all = [
    ...marked(acceptances, findings),
    ...acceptances.flatMap((one, index) => wrong(one, index, findings)),
  ]
  return severities.flatMap((severity) => all.filter((finding) => finding.severity === severity))
}

function marked(acceptances: readonly (Acceptance | undefined)[], findings: readonly Finding[]): Finding[] {
  const valid = acceptances.filter((one) => one !== undefined)
  return findings.map((finding) => {
    if (finding.severity === 'error') return finding
    const acceptance = valid.find((one) => concerns(one, finding))
    return acceptance === undefined ? finding : { ...finding, accepted: acceptance.reason }
  })
}

function wrong(acceptance: Acceptance | undefined, index: number, findings: readonly Finding[]): Finding[] {
  const { malformed, unused, ofError } = acceptanceRules
  if (acceptance === undefined)
    return [
      findingOf(malformed, {
        place: acceptedPlace,
        found: `line ${index + 1} is no acceptance`,
        write: 'rule-id: the reason, in ten characters or more; or rule-id tools/NAME: the reason',
      }),
    ]
  const { rule, subject } = acceptance
  const named = subject === undefined ? rule : `${rule} ${subject}`
  // Those are found with a trail alone.
  if (useRules.some(({ id }) => id === rule)) return []
  const meant = findings.filter((finding) => concerns(acceptance, finding))
  if (meant.length === 0)
    return [
      findingOf(unused, {
        place: acceptedPlace,
        found: `${named} is accepted, and not found`,
        write: 'no such line',
      }),
    ]
  return meant.some(({ severity }) => severity === 'error')
    ? [
        findingOf(ofError, {
          place: acceptedPlace,
          found: `${named} is an error, which nobody can accept`,
          write: 'no such line; mend what the error names',
        }),
      ]
    : []
}
