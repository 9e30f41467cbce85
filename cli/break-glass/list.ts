// `hipaa-mcp break-glass list`: every grant and where it stands; what waits for whom.

import type { GrantState } from '../../core/grant.ts'
import type { BreakGlassGrant } from '../../crds/breakglassgrant.generated.ts'
import { type Command, exitCodes, type Screen, textOf, UsageError } from '../command.ts'
import { kubeOptions, openKube } from '../kube.ts'
import { columns } from '../table.ts'
import { grantsPath, refused } from './grants.ts'

/** What to do next, by state. */
const next: { readonly [state in GrantState]?: string } = {
  Requested: 'break-glass approve',
  Active: 'break-glass end',
  Expired: 'break-glass review',
  ReviewOverdue: 'break-glass review',
}

export const list: Command = {
  name: 'break-glass list',
  summary: 'Show emergency access: where each grant stands, and what waits for a person',
  operands: '',
  options: {
    namespace: { value: 'NAME', short: 'n', help: 'Only grants of this namespace' },
    ...kubeOptions,
    json: { help: 'Print it as JSON, without patients' },
  },
  about:
    'Exit code 1 when a review is overdue. No patient is shown; kubectl get -o yaml shows them to those who may read them.',
  run: async (operands, values, screen) => {
    if (operands.length > 0) throw new UsageError('break-glass list takes options only')
    const kube = await openKube(values)
    const { status, body } = await kube.request('GET', grantsPath(textOf(values, 'namespace')))
    if (status !== 200) throw refused(status, body, 'list BreakGlassGrants')
    const grants = (body as { items: BreakGlassGrant[] }).items.map(shown)
    if (values['json'] === true) screen.out(JSON.stringify(grants, null, 2))
    else print(grants, screen)
    return grants.some(({ state }) => state === 'ReviewOverdue') ? exitCodes.findings : exitCodes.ok
  },
}

type Shown = ReturnType<typeof shown>

function shown({ metadata, spec, status }: BreakGlassGrant) {
  return {
    grant: `${metadata.namespace ?? ''}/${metadata.name}`,
    server: spec.server,
    ...(spec.subject === undefined ? {} : { issuer: spec.subject.issuer }),
    sub: spec.subject?.sub ?? spec.pods?.user ?? '',
    patients: spec.patients?.length ?? 0,
    ...(spec.pods === undefined ? {} : { pods: spec.pods }),
    state: status?.state ?? ('Requested' as const),
    until: status?.until,
    uses: status?.uses ?? 0,
    requestedBy: spec.requestedBy,
    approvedBy: spec.approval?.by,
    endedBy: spec.end?.by,
    reviewBy: status?.reviewBy,
    reviewedBy: spec.review?.by,
    finding: spec.review?.finding,
  }
}

function print(grants: readonly Shown[], screen: Screen): void {
  if (grants.length === 0) {
    screen.out('There is no emergency access, and none was asked for.')
    return
  }
  const rows = grants.map((one) => [
    one.grant,
    one.sub,
    one.state,
    one.until ?? '-',
    String(one.uses),
    one.approvedBy ?? '-',
  ])
  for (const line of columns(
    [['GRANT', 'PERSON', 'STATE', 'UNTIL', 'USES', 'APPROVED BY'], ...rows],
    screen.width,
  ))
    screen.out(line)
  const waiting = grants.flatMap(({ grant, state, reviewBy }) => {
    const command = next[state]
    if (command === undefined || state === 'Active') return []
    const by = state === 'Requested' || reviewBy === undefined ? '' : ` (by ${reviewBy})`
    return [`hipaa-mcp ${command} ${grant}${by}`]
  })
  if (waiting.length === 0) return
  screen.out('\nWaits for a person:')
  for (const line of waiting) screen.out(`  ${line}`)
}
