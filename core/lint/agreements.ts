// Business associate agreements themselves (45 CFR 164.504(e)).

import type { BusinessAssociateAgreement } from '../../crds/businessassociateagreement.generated.ts'
import { standing } from '../agreement.ts'
import type { Rule } from './finding.ts'

type AgreementRule = Rule<BusinessAssociateAgreement>

/** Days before the end from which on it is said. */
const soon = 60

export const agreementRules: readonly AgreementRule[] = [
  {
    id: 'agreement-over',
    severity: 'warning',
    control: 'agreement',
    about: 'An agreement that has expired.',
    why: 'Its hosts are closed, and servers that need them fail.',
    find: (agreement, { now }) =>
      standing(agreement, now).reason === 'Expired'
        ? [
            {
              place: '/spec/expires',
              found: `the agreement ended at ${agreement.spec.expires}`,
              write: 'the dates of the renewed contract, or delete it with the egress entries that name it',
            },
          ]
        : [],
  },
  {
    id: 'agreement-ends-soon',
    severity: 'note',
    control: 'agreement',
    about: `An agreement that ends within ${soon} days.`,
    why: 'At that moment its hosts close.',
    find: (agreement, { now }) => {
      const { active, daysLeft } = standing(agreement, now)
      return active && daysLeft < soon
        ? [
            {
              place: '/spec/expires',
              found: `the agreement ends at ${agreement.spec.expires}`,
              write: 'the dates of the renewed contract before then',
            },
          ]
        : []
    },
  },
  {
    id: 'agreement-unsigned',
    severity: 'warning',
    control: 'agreement',
    about:
      'document.sha256 is a placeholder: one digit repeated, or the hash of nothing or of the word test.',
    why: 'The hash is what ties the object to the paper that was signed.',
    find: ({ spec }) =>
      /^(.)\1{63}$/.test(spec.document.sha256) || placeholders.has(spec.document.sha256)
        ? [
            {
              place: '/spec/document/sha256',
              found: 'the hash is that of no contract',
              write: 'what sha256sum prints for the signed document',
            },
          ]
        : [],
  },
  {
    id: 'agreement-reports-late',
    severity: 'warning',
    control: 'breachReport',
    about: 'reportWithin over 60 days.',
    why: 'A business associate must tell of a breach within 60 days of its discovery at the latest.',
    find: ({ spec }) => {
      const hours = Number((spec.reportWithin ?? '24h').slice(0, -1))
      return hours > 60 * 24
        ? [
            {
              place: '/spec/reportWithin',
              found: `the associate reports a breach within ${spec.reportWithin}`,
              write: 'reportWithin: 24h, which is the default, or what the contract says up to 1440h',
            },
          ]
        : []
    },
  },
]

/** SHA-256 of the empty text and of `test`. */
const placeholders: ReadonlySet<string> = new Set([
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
])
