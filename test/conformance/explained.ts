// The differences that have to be between a server alone and the same server behind the sidecar, whose policy permits
// everything and redacts nothing. Whoever adds one names the control that may not yield and the test that shows what it
// does instead.

import type { Explanation } from './compare.ts'

export const explanations: readonly Explanation[] = [
  {
    leg: '2025-11-25',
    scenario: 'server-sse-multiple-streams',
    check: 'server-sse-streams-functional',
    bare: 'SUCCESS',
    through: 'INFO',
    reason:
      'Lists are made from the policy for each caller, and the server is not asked: three at once are three JSON ' +
      'answers and no streams. The suite takes both, and says so.',
    test: 'test/sidecar/controls/authorize.test.ts',
  },
  {
    leg: '2026-07-28',
    scenario: 'sep-2164-resource-not-found',
    check: 'sep-2164-data-uri',
    bare: 'SUCCESS',
    through: 'WARNING',
    reason:
      'A URI may name a patient, and refusals end in logs: none repeats what the caller wrote (45 CFR 164.312(e)(1)). ' +
      'The caller knows its URI; SEP-2164 says SHOULD.',
    test: 'test/sidecar/requests/asks.test.ts',
  },
]
