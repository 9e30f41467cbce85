// BreakGlass: emergency access in force, and its reviews.

import { grantStanding } from '../../core/grant.ts'
import { outstays } from '../after-grant.ts'
import { no, type Rule, yes } from './finding.ts'

/** 45 CFR 164.312(a)(2)(ii). That a grant is in force is no gap; that nobody looked at what was done is one, and that it does not end. */
export const breakGlass: Rule = ({ grants }, _, now) => {
  const states = new Set(grants.map((grant) => grantStanding(grant, now).state))
  if (states.has('ReviewOverdue'))
    return no(
      'ReviewOverdue',
      'An emergency access was not reviewed in time: hipaa-mcp break-glass list says which, break-glass review closes it.',
    )
  if (grants.some((grant) => outstays(grant, now)))
    return no(
      'EnteredPodStays',
      'An emergency access is over, and a pod that was entered under it is still there after three minutes: a session may be open. Events of the grant say what holds it; delete the pod.',
    )
  if (states.has('Active'))
    return yes('GrantActive', 'Emergency access is in force: hipaa-mcp break-glass list says for whom.')
  return states.has('Expired')
    ? yes('ReviewPending', 'An emergency access is over and waits for its review.')
    : yes('NoGrant', 'No emergency access is in force, and none waits for its review.')
}
