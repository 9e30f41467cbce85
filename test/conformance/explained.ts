// The differences that have to be between a server alone and the same server behind the sidecar. None is known: a policy
// that permits everything and redacts nothing is to change nothing. Whoever adds one names the control that may not
// yield and the test that shows what it does instead.

import type { Explanation } from './compare.ts'

export const explanations: readonly Explanation[] = []
