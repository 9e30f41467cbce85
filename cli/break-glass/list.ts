// `hipaa-mcp break-glass list`: every grant and where it stands; what waits for whom.

import type { GrantState } from '../../core/grant.ts'
import type { BreakGlassGrant } from '../../crds/breakglassgrant.generated.ts'
import { type Command, exitCodes, type Screen, textOf, UsageError } from '../command.ts'
import { kubeOptions, openKube } from '../kube.ts'
import { columns, wrap } from '../table.ts'
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
  example: 'break-glass list -n clinic',
  options: {
    namespace: { value: 'NAME', short: 'n', help: 'Only grants of this namespace' },
    ...kubeOptions,
    json: { help: 'Print it as JSON, without patients' },
  },
  about:
    'Exit code 1 when a review is overdue. No patient is shown; kubectl get -o yaml shows them to those who may read them. Uses are calls; how often a person entered a pod is in hipaa-mcp activity.',
  run: async (operands, values, screen) => {
    if (operands.length > 0) throw new UsageError('break-glass list takes options only')
    const kube = await openKube(values)
    const { status, body } = await kube.request('GET', grantsPath(textOf(values, 'namespace')))
    if (status !== 200) throw refused(status, body, 'list BreakGlassGrants')
    const { items } = body as { items: BreakGlassGrant[] }
    if (values['json'] === true) screen.out(JSON.stringify(items.map(shown), null, 2))
    else print(items, screen)
    return items.some((grant) => stateOf(grant) === 'ReviewOverdue') ? exitCodes.findings : exitCodes.ok
  },
}

const nameOf = ({ metadata }: BreakGlassGrant): string => `${metadata.namespace ?? ''}/${metadata.name}`
const stateOf = ({ status }: BreakGlassGrant): GrantState => status?.state ?? 'Requested'
/** Calls under it. Undefined of one for pods: what is done in a pod is no call, and 0 would say that nothing was done. */
const usesOf = ({ spec, status }: BreakGlassGrant): number | undefined =>
  spec.pods === undefined ? (status?.uses ?? 0) : undefined

/** Why one in force opens nothing, as the operator says. */
function closedBecause(grant: BreakGlassGrant): { reason: string; message: string } | undefined {
  if (stateOf(grant) !== 'Active') return undefined
  return grant.status?.conditions?.find(({ type, status }) => type === 'Active' && status === 'False')
}

/** For programs. */
function shown(grant: BreakGlassGrant): object {
  const { spec, status } = grant
  const { subject, patients = [], pods } = spec
  return {
    grant: nameOf(grant),
    server: spec.server,
    ...(subject === undefined ? {} : { issuer: subject.issuer, sub: subject.sub, patients: patients.length }),
    ...(pods === undefined ? {} : { pods, entered: status?.entered ?? [] }),
    state: stateOf(grant),
    opensNothing: closedBecause(grant)?.reason,
    until: status?.until,
    uses: usesOf(grant),
    requestedBy: spec.requestedBy,
    approvedBy: spec.approval?.by,
    endedBy: spec.end?.by,
    reviewBy: status?.reviewBy,
    reviewedBy: spec.review?.by,
    finding: spec.review?.finding,
  }
}

function print(grants: readonly BreakGlassGrant[], screen: Screen): void {
  if (grants.length === 0) {
    screen.out('There is no emergency access, and none was asked for.')
    return
  }
  const rows = grants.map((grant) => [
    nameOf(grant),
    grant.spec.subject?.sub ?? grant.spec.pods?.user ?? '-',
    stateOf(grant),
    grant.status?.until ?? '-',
    String(usesOf(grant) ?? '-'),
    grant.spec.approval?.by ?? '-',
  ])
  for (const line of columns(
    [['GRANT', 'PERSON', 'STATE', 'UNTIL', 'USES', 'APPROVED BY'], ...rows],
    screen.width,
  ))
    screen.out(line)
  for (const grant of grants) {
    const closed = closedBecause(grant)
    if (closed === undefined) continue
    screen.out('')
    for (const line of wrap(`${nameOf(grant)} opens nothing: ${closed.message}`, screen.width))
      screen.out(line)
  }
  const waiting = grants.flatMap((grant) => {
    const state = stateOf(grant)
    const reviewBy = grant.status?.reviewBy
    const command = next[state]
    if (command === undefined || state === 'Active') return []
    const by = state === 'Requested' || reviewBy === undefined ? '' : ` (by ${reviewBy})`
    return [`hipaa-mcp ${command} ${nameOf(grant)}${by}`]
  })
  if (waiting.length === 0) return
  screen.out('\nWaits for a person:')
  for (const line of waiting) screen.out(`  ${line}`)
}
