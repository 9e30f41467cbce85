// What a request that reaches for patient data asks for: one file for each kind, all of one shape, so that the stages
// need not tell them apart.

import type { Json, JsonObject } from '../../core/canonical.ts'
import type { Shape } from '../../core/redaction/results.ts'
import type { ReturnRules } from '../../core/redaction/rules.ts'
import type { Caller } from '../exchange.ts'
import type { Reason } from '../refusals.ts'
import type { Rules } from '../rules.ts'
import type { Target } from '../targets.ts'

/** What a message asks for, and the arguments as they came. */
export type Found = {
  readonly target: Target
  readonly arguments: JsonObject
  /** What they named as the patient, where that was a pseudonym: `arguments` has whom it means. */
  readonly said?: Json | undefined
  /** The caller's own words to go to the server besides the arguments: an address, a reference. */
  readonly words?: JsonObject
  /** It was asked for before, and is now asked after: what was named as the patient then, and for which purpose. */
  readonly earlier?: { readonly named: Json | undefined; readonly purpose: string }
}

export type Ask = {
  /** Undefined when the policy has no such thing. Throws Refusal for a message that is malformed. */
  find(params: JsonObject, rules: Rules, caller: Caller): Found | undefined
  /** The reason when it does not exist, or not for this caller: both look the same. */
  readonly unknown: Reason
  /** Parameters for the server, and the name for Mcp-Name; nothing of the caller's message but what stands in `Found`. */
  outgoing(found: Found): { readonly params: JsonObject; readonly name?: string }
  readonly shape: Shape
  /** The arguments are not whole: the target's schema cannot judge them. */
  readonly partial?: true
  /** Its result names nobody by whom reach could be judged: only who may reach anybody may ask. */
  readonly anybody?: true
  /** Rules by which the result is shown, where they are not the target's own. */
  returns?(target: Target, rules: Rules): ReturnRules
}
