// Transmission: what leaves a pod besides answers.

import { no, type Rule, unknown, yes } from './finding.ts'
import { inEveryPod } from './in-every-pod.ts'

/** 45 CFR 164.312(e)(1). What leaves the pod besides answers: its connections, and its own log. */
export const transmission: Rule = (seen, fleet, now) => {
  const closed = inEveryPod(
    'DeclaredEgressOnly',
    'Every pod reaches declared names only, through its sidecar.',
  )(seen, fleet, now)
  if (closed.status === 'False') return closed
  if ((seen.logs?.found.length ?? 0) > 0)
    return no(
      'ServerLogsHoldIdentifiers',
      'The server’s own log holds identifiers of patients, for whoever may read pods/log: let it log codes only. hipaa_mcp_server_log_identifiers_total says of which kinds.',
    )
  if (closed.status !== 'True') return closed
  if (seen.server.spec.workload.logs?.watch === 'Off')
    return unknown('ServerLogsUnwatched', 'Nobody looks at the server’s own log: set workload.logs.watch.')
  if (seen.logs?.unread === true)
    return unknown(
      'ServerLogsUnread',
      'The server’s own log could not be read for five minutes: does the operator still have the right to pods/log?',
    )
  return (seen.logs?.thrownAway.length ?? 0) > 0
    ? yes(
        'ServerWritesIdentifiers',
        'The stdio server writes identifiers of patients to its standard error, which is thrown away: let it write codes only.',
      )
    : closed
}
