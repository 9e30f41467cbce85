// Baa, 45 CFR 164.504(e): the agreements that a server relies on.

import { standing } from '../../core/agreement.ts'
import { no, type Rule, yes } from './finding.ts'

const agreementReasons = {
  Active: 'AgreementsActive',
  Expired: 'AgreementExpired',
  NotYetEffective: 'AgreementNotYetEffective',
  NotAttested: 'AgreementNotAttested',
  AttestationStale: 'AgreementAttestationStale',
} as const

export const baa: Rule = ({ agreements }, _, now) => {
  if (agreements.size === 0) return yes('NoAgreementNeeded', 'The server relies on no agreement.')
  for (const [name, agreement] of agreements) {
    if (agreement === undefined)
      return no(
        'AgreementMissing',
        `The server names the agreement ${name}, which does not exist: what relies on it, its hosts or sampling, is closed.`,
      )
    const { active, reason } = standing(agreement, now)
    if (!active)
      return no(
        agreementReasons[reason],
        `The agreement ${name} is not in force: what relies on it, its hosts or sampling, is closed.`,
      )
  }
  return yes('AgreementsActive', 'Every agreement that the server names is in force.')
}
