// Names a test by the claim that it proves.

import { test } from 'vitest'
import { type RequirementId, requirements } from './requirements.ts'

/** A test of one case of one requirement. Fails to compile for an id that requirements.ts does not hold. */
export function verifies(
  id: RequirementId,
  when: string,
  run: () => void | Promise<void>,
  timeout?: number,
): void {
  test(`${requirements[id].claim} [${id}] — ${when}`, timeout === undefined ? {} : { timeout }, run)
}
