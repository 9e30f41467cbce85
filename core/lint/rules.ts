// Every rule, in the order of docs/policy-linter.md.

import { agreementRules } from './agreements.ts'
import { argumentRules } from './arguments.ts'
import { broadTools } from './broad-tools.ts'
import { contradictions } from './contradictions.ts'
import type { Rule, ServerRule } from './finding.ts'
import { identityRules } from './identity.ts'
import { limitRules } from './limits.ts'
import { networkRules } from './network.ts'
import { reachRules } from './reach.ts'
import { returnsRules } from './returns.ts'
import { roleRules } from './roles.ts'
import { schemaIdentifierRules } from './schema-identifiers.ts'
import { messageRules } from './server-messages.ts'
import { useRules } from './use.ts'

export const serverRules: readonly ServerRule[] = [
  ...contradictions,
  ...broadTools,
  ...argumentRules,
  ...schemaIdentifierRules,
  ...returnsRules,
  ...reachRules,
  ...roleRules,
  ...limitRules,
  ...identityRules,
  ...messageRules,
  ...networkRules,
]

type Plain = Omit<Rule<never>, 'find'>

/** What is wrong with the annotation that accepts findings. */
export const acceptanceRules = {
  malformed: {
    id: 'accepted-malformed',
    severity: 'warning',
    control: 'audit',
    about: 'A line of the annotation hipaa-mcp.dev/accepted that is no rule with a reason.',
    why: 'What was meant to be accepted is not.',
  },
  ofError: {
    id: 'accepted-error',
    severity: 'warning',
    control: 'audit',
    about: 'The annotation accepts an error.',
    why: 'An error stays one.',
  },
  unused: {
    id: 'accepted-unused',
    severity: 'note',
    control: 'audit',
    about: 'The annotation accepts what is not found.',
    why: 'It would silence the finding when it comes back for another reason.',
  },
} as const satisfies Record<string, Plain>

/** All of them, as the document lists them. */
export const allRules: readonly Plain[] = [
  ...serverRules,
  ...agreementRules,
  ...useRules,
  ...Object.values(acceptanceRules),
]

export { agreementRules }
