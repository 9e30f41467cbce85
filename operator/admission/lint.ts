// Validating webhook of servers and agreements: the linter's errors refuse, its warnings come back to kubectl. The operator
// asks the same rules when it reconciles (policy-errors.ts), so what comes in while this is away shows in status.

import type { Context, Finding } from '../../core/lint/finding.ts'
import { lintAgreement, lintServer } from '../../core/lint/lint.ts'
import type { BusinessAssociateAgreement } from '../../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { type Request, refusal, type Verdict } from './review.ts'

/** All agreements of the cluster. */
export type Agreements = () => Promise<readonly BusinessAssociateAgreement[]>

/** Kubernetes' own limit for one warning, characters; it cuts longer ones, and drops all beyond 4096 together. */
const warningLength = 256
/** More than a few nobody reads: the rest is for `hipaa-mcp check`. */
const warningCount = 6

/**
 * Errors that the object had before come back as warnings: it is mended step by step. So do all of them while it has a
 * lockdown, which must never wait for anything; those that it had under one count as new when it is lifted, or a lockdown
 * would be a way in. `now` in milliseconds since 1970.
 */
export async function judgeLint(request: Request, agreements: Agreements, now: number): Promise<Verdict> {
  const context: Context = { agreements: await agreements(), complete: true, now }
  const findings = findingsIn(request, request.object, context)
  const wasJudged = isUpdate(request) && !isLockedDown(request.oldObject)
  const before = new Set((wasJudged ? findingsIn(request, request.oldObject, context) : []).map(keyOf))
  const errors = findings.filter(({ severity }) => severity === 'error')
  const refused = isLockedDown(request.object) ? [] : errors.filter((error) => !before.has(keyOf(error)))
  const warnings = warningsOf(findings.filter((finding) => !refused.includes(finding)))
  return refused.length > 0
    ? { ...refusal(refused.map(sentenceOf)), ...warnings }
    : { allowed: true, ...warnings }
}

function findingsIn({ resource }: Request, object: unknown, context: Context): Finding[] {
  return resource.resource === 'businessassociateagreements'
    ? lintAgreement(object as BusinessAssociateAgreement, context)
    : lintServer(object as HipaaMcpServer, context)
}

const isUpdate = ({ oldObject }: Request): boolean => oldObject !== undefined && oldObject !== null

function isLockedDown(object: unknown): boolean {
  return (object as Partial<HipaaMcpServer>).spec?.lockdown !== undefined
}

/** Not the place: an entry that is added before moves all that follow. */
const keyOf = ({ rule, subject, found }: Finding): string => JSON.stringify([rule, subject, found])

/** The same words as those of `hipaa-mcp check`. */
function sentenceOf({ rule, place, found, write }: Finding): string {
  return `${place}: ${found} (${rule}); write ${write}`
}

function warningsOf(findings: readonly Finding[]): { warnings?: string[] } {
  const told = findings.filter(({ severity, accepted }) => severity !== 'note' && accepted === undefined)
  if (told.length === 0) return {}
  const shown = told.slice(0, told.length > warningCount ? warningCount - 1 : warningCount)
  const rest = told.length - shown.length
  return {
    warnings: [
      ...shown.map((finding) => cut(`hipaa-mcp: ${sentenceOf(finding)}`)),
      ...(rest === 0
        ? []
        : [`hipaa-mcp: and ${rest} more: hipaa-mcp check lists them all with what to write`]),
    ],
  }
}

/** A warning travels in a header: its length counts in bytes there. */
function cut(text: string): string {
  if (Buffer.byteLength(text) <= warningLength) return text
  let end = Math.min(text.length, warningLength)
  while (Buffer.byteLength(text.slice(0, end)) > warningLength - 3) end -= 1
  return `${text
    .slice(0, end)
    .toWellFormed()
    .replace(/\s+\S*$/, '')}…`
}
