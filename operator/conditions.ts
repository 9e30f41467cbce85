// One condition for each control, from what was seen. Pure.

import { baa } from './conditions/agreements.ts'
import { atRest } from './conditions/at-rest.ts'
import { audit } from './conditions/audit.ts'
import { breach } from './conditions/breach-readiness.ts'
import { breakGlass } from './conditions/break-glass.ts'
import type { Rule } from './conditions/finding.ts'
import { guarded } from './conditions/guarded.ts'
import { inEveryPod } from './conditions/in-every-pod.ts'
import { integrity } from './conditions/integrity.ts'
import { mfa } from './conditions/mfa.ts'
import { minimumNecessary } from './conditions/minimum-necessary.ts'
import { network } from './conditions/network-enforced.ts'
import { transmission } from './conditions/transmission.ts'

/** Every condition of a server, in the order of `kubectl describe`. */
export const conditionTypes = [
  'Ready',
  'Compliant',
  'TransmissionEncrypted',
  'AtRest',
  'Access',
  'Audit',
  'Integrity',
  'Mfa',
  'Transmission',
  'MinimumNecessary',
  'BreachReadiness',
  'BreakGlass',
  'Baa',
  'Guarded',
  'NetworkEnforced',
] as const
export type ConditionType = (typeof conditionTypes)[number]

/** Controls, each with its rule. Ready and Compliant are made of them. */
export const controls: { readonly [type in Exclude<ConditionType, 'Ready' | 'Compliant'>]: Rule } = {
  TransmissionEncrypted: inEveryPod('MutualTls', 'Every pod answers over mutual TLS only.'),
  AtRest: atRest,
  Access: inEveryPod('DefaultDeny', 'What no role permits is refused in every pod.'),
  Audit: audit,
  Integrity: integrity,
  Mfa: mfa,
  Transmission: transmission,
  MinimumNecessary: minimumNecessary,
  BreachReadiness: breach,
  BreakGlass: breakGlass,
  Baa: baa,
  Guarded: guarded,
  NetworkEnforced: network,
}
