// BreachReadiness, 45 CFR 164.404: what the breach rules found.

import { collectorAway, no, type Rule, yes } from './finding.ts'

export const breach: Rule = ({ signals }) => {
  if (signals === undefined) return collectorAway
  return signals.length > 0
    ? no(
        'AnomalousAccess',
        'One person saw more patients than a breach rule allows: read the signals, and decide within the time of 45 CFR 164.404.',
      )
    : yes('RulesEvaluated', 'The breach rules are evaluated on every record that the collector takes.')
}
