// What admission would refuse of a server, for its status: objects from before a rule was there, or from while the webhook
// was away.

import type { Finding } from '../core/lint/finding.ts'
import { lintServer } from '../core/lint/lint.ts'
import type { HipaaMcpServer } from '../crds/hipaamcpserver.generated.ts'

/** Of each object as it was read: it is reconciled many times before it changes. */
const judged = new WeakMap<HipaaMcpServer, string | undefined>()
/** Ready says these itself, and the server locks. */
const elsewhere: ReadonlySet<string> = new Set(['policy-invalid', 'field-unknown', 'mfa-without-rule'])

/** The first errors of the linter as one message; undefined when there are none. No error depends on anything else. */
export function policyErrors(server: HipaaMcpServer): string | undefined {
  if (judged.has(server)) return judged.get(server)
  const errors = lintServer(server, { agreements: [], complete: true, now: 0 }).filter(
    ({ rule, severity }) => severity === 'error' && !elsewhere.has(rule),
  )
  const message = errors.length === 0 ? undefined : messageOf(errors)
  judged.set(server, message)
  return message
}

function messageOf(errors: readonly Finding[]): string {
  const first = errors
    .slice(0, 3)
    .map(({ place, found, rule, write }) => `${place}: ${found} (${rule}); write ${write}.`)
  return [...first, ...(errors.length > 3 ? ['hipaa-mcp check lists the others.'] : [])].join(' ')
}
