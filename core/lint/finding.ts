// What a rule of the linter is, and what it finds. Pure: an object, what is known besides, and the clock's time go in,
// findings come out.

import type { BusinessAssociateAgreement } from '../../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import type { Control } from '../citations.ts'

export type Spec = HipaaMcpServer['spec']

/**
 * error: it cannot work, or the law asks for a justification that is not there; admission refuses it. warning: wider than
 * it need be; kubectl shows it. note: worth a look.
 */
export const severities = ['error', 'warning', 'note'] as const
export type Severity = (typeof severities)[number]

/** What is known besides the object. */
export type Context = {
  agreements: readonly BusinessAssociateAgreement[]
  /** Whether these are all that exist: in a cluster they are, among files they may not be. */
  complete: boolean
  /** Milliseconds since 1970. */
  now: number
}

/** What one rule found at one place. */
export type Found = {
  /** JSON Pointer (RFC 6901) from the object's root. */
  place: string
  /** The part that it concerns, by its name: `tools/get_record`. Absent where it is the object as a whole. */
  subject?: string
  /** What was found. Holds names out of the object and never a value of an argument. */
  found: string
  /** What to write instead, as YAML or in words. */
  write: string
}

export type Rule<Subject> = {
  /** Kebab-case; stable, since annotations and reports name it. */
  id: string
  severity: Severity
  control: Control
  /** What it looks for, for the list of all rules. */
  about: string
  why: string
  find: (subject: Subject, context: Context) => Found[]
}
export type ServerRule = Rule<HipaaMcpServer>

export type Finding = Found & {
  rule: string
  severity: Severity
  /** Section of 45 CFR part 160 or 164. */
  citation: string
  why: string
  /** Why a person accepted it, from the object's annotation. */
  accepted?: string
}

/** A place: the JSON Pointer of its segments. */
export { pointerOf as at } from '../pointer.ts'

/** Names as a person reads them, no more than five. */
export function some(names: readonly string[]): string {
  return names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`
}
