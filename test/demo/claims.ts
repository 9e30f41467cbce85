// What the demo claims, and whether it was seen. A claim that was not seen makes the demo fail, however well it looked.

import { tick } from './screen.ts'

export type Claim = { text: string; holds: boolean; seen: string }

const claims: Claim[] = []

/** Shows the claim and keeps it. `seen` is the evidence, shown in either case. */
export function claim(text: string, holds: boolean, seen = ''): boolean {
  claims.push({ text, holds, seen })
  tick(text, holds, seen)
  return holds
}

/** Runs a part of the demo; one that breaks off is a claim not seen, and the rest goes on. */
export async function part(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    claim(`${what} runs to its end`, false, error instanceof Error ? error.message : String(error))
  }
}

export const allClaims = (): readonly Claim[] => claims
