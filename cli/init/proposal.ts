// What a proposal is made of: tools with the reason for each line, and what is left out.

import type { Json } from '../../core/canonical.ts'
import { counted } from '../../core/counted.ts'
import type { Narrowed } from './arguments.ts'
import type { Role } from './classes.ts'
import type { Field } from './topics.ts'

/** One tool of the manifest, with a reason for each line that decides something. */
export type ProposedTool = {
  readonly name: string
  readonly from: string
  readonly says: string
  readonly why: string
  readonly arguments: Narrowed
  readonly with: { readonly [name: string]: Json }
  readonly returns: ProposedReturns
  readonly role: Role
  /** Whether it hands out many records of a patient. */
  readonly many: boolean
}

export type ProposedReturns = {
  readonly fields: readonly Field[]
  /** What stays out, and why. */
  readonly without: readonly string[]
  readonly patients: readonly string[]
}

/** What the manifest does not offer. `instead`: what a person can do about it. */
export type LeftOut = { readonly name: string; readonly why: string; readonly instead: string }

export type Tools = { readonly tools: readonly ProposedTool[]; readonly left: readonly LeftOut[] }

/** What becomes of one tool of the server. */
export type Answer =
  | { readonly left: Omit<LeftOut, 'name'> }
  | { readonly tools: readonly ProposedTool[]; readonly besides?: readonly LeftOut[] }

/** Of something whose name is not even shown. */
export function unnamed(what: string): LeftOut {
  return {
    name: `${what} whose name is not shown`,
    why: 'its name holds what may identify somebody',
    instead: 'call it in the server by what it does',
  }
}

/** What the server calls by names that a HipaaMcpServer cannot hold. They are not shown: they may be anything. */
export function unheld(count: number, what: string): LeftOut[] {
  return count === 0
    ? []
    : [
        {
          name: `${counted(count, what)} whose name is not shown`,
          why: 'a policy names what has 1 to 128 letters, digits, _, - and . for a name (a prompt 63), and nothing else',
          instead: 'call it so in the server',
        },
      ]
}

/** What a HipaaMcpServer has no room for. */
export function beyond(parts: readonly { readonly name: string }[], most: number): LeftOut[] {
  return parts.slice(most).map(({ name }) => ({
    name,
    why: `a HipaaMcpServer holds ${most} of its kind`,
    instead: 'strike others, or give the workload a second server with fewer tools',
  }))
}
