// Emergency access, revocation and automatic logoff, each person their part, on pods that run.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { BreakGlassGrant } from '../../../crds/breakglassgrant.generated.ts'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { type Asked, call } from '../../demo/calls.ts'
import { until } from '../../demo/kubectl.ts'
import { verifies } from '../../verifies.ts'
import { ofKind, type Stage, verifiedTrail } from './stage.ts'

const server = ['hipaamcpserver', 'ehr', '-n', 'clinic']
const clinician = { issuer: 'https://login.identity.svc:8443', sub: 'clinician' }
const people = {
  asker: 'hipaa-mcp-requester',
  approver: 'hipaa-mcp-approver',
  officer: 'hipaa-mcp-privacy-officer',
} as const
const reasonOf = (outcome: Awaited<ReturnType<typeof call>>): string => (outcome.ok ? 'served' : outcome.says)

export function access(stage: Stage): void {
  const as = async (who: keyof typeof people, args: string[], input?: object): Promise<string> => {
    const { kubectl } = stage()
    const { stdout, stderr } = await kubectl.attempt(
      [...args, '--as', who],
      input === undefined ? undefined : JSON.stringify(input),
    )
    return stdout + stderr
  }
  const decide = async (who: keyof typeof people, decision: object): Promise<string> =>
    await as(who, [
      ...'patch breakglassgrant night-1 -n clinic --type=merge -p'.split(' '),
      JSON.stringify({ spec: decision }),
    ])
  const grant = async () =>
    await stage().kubectl.get<BreakGlassGrant>('breakglassgrant', 'night-1', '-n', 'clinic')
  const diagnosis = async (asked: Asked = {}) =>
    await call(stage(), 'get_diagnosis', { patient_id: stage().records[0]?.patient.id ?? '' }, asked)
  const patchServer = async (spec: object): Promise<void> => {
    await stage().kubectl.run(['patch', ...server, '--type=merge', '-p', JSON.stringify({ spec })])
  }

  verifies('access:break-glass', 'from the request to the review, in a pod', async () => {
    const { kubectl, records: patients } = stage()
    for (const [name, role] of Object.entries(people)) {
      const binding = `clusterrolebinding access-${name} --clusterrole=${role} --user=${name}`
      await kubectl.run(['create', ...binding.split(' ')])
    }
    const before = await kubectl.get<HipaaMcpServer>(...server)
    // A token that states its purpose leaves no room for another: the request says it here.
    await patchServer({ identity: { purpose: null } })
    const emergency: Asked = { purpose: 'BTG' }
    await until('the request’s purpose counts', 30, async () =>
      (await diagnosis({ purpose: 'TREAT' })).ok ? true : undefined,
    )
    expect(reasonOf(await diagnosis(emergency))).toContain('not permitted for the stated purpose')
    const asked = await as('asker', ['create', '-f', '-'], {
      apiVersion: 'hipaa-mcp.dev/v1alpha1',
      kind: 'BreakGlassGrant',
      metadata: { name: 'night-1', namespace: 'clinic' },
      spec: {
        server: 'ehr',
        subject: clinician,
        patients: [patients[0]?.patient.id],
        reason: 'Unconscious on arrival at the ward',
        minutes: 10,
      },
    })
    expect(asked).toContain('created')
    expect(await decide('asker', { approval: {} })).toContain('forbidden')
    expect(await decide('officer', { approval: {} })).toContain('you may not approve')

    const from = performance.now()
    expect(await decide('approver', { approval: {} })).toContain('patched')
    await until('the patient is reached', 30, async () =>
      (await diagnosis(emergency)).ok ? true : undefined,
    )
    console.log(
      `    emergency access was in force ${(performance.now() - from).toFixed(0)} ms after the approval, sign-in included`,
    )
    const used = await until('the use is counted', 60, async () => {
      const seen = await grant()
      return (seen?.status?.uses ?? 0) > 0 ? seen : undefined
    })
    expect(used.spec).toMatchObject({ requestedBy: 'asker', approval: { by: 'approver' } })
    await until('the Event is there', 30, async () =>
      (await kubectl.run(['get', 'events', '-n', 'clinic'])).includes('BreakGlassUsed') ? true : undefined,
    )

    expect(await decide('approver', { end: {} })).toContain('patched')
    await until('it is over', 30, async () => ((await diagnosis(emergency)).ok ? undefined : true))
    expect(await decide('officer', { review: { finding: 'Justified' } })).toContain('patched')
    await until('it is reviewed', 30, async () =>
      (await grant())?.status?.state === 'Reviewed' ? true : undefined,
    )
    await patchServer({ identity: { purpose: before?.spec.identity.purpose ?? null } })
    const { records } = await verifiedTrail(stage(), 'access')
    const { metadata, status } = (await grant()) ?? {}
    // By UID: a grant of that name may have been there before, and the trail forgets none.
    const under = ofKind(records, 'intent').filter((one) => one.grant?.uid === metadata?.uid)
    expect(under.length).toBe(status?.uses)
    expect(under[0]).toMatchObject({
      purpose: 'BTG',
      grant: { name: 'night-1', requestedBy: 'asker', approvedBy: 'approver' },
    })
    const became = ofKind(records, 'grant-changed').filter((one) => one.grant.uid === metadata?.uid)
    expect(became.map(({ change, by }) => [change, by])).toEqual([
      ['requested', 'asker'],
      ['approved', 'approver'],
      ['ended', 'approver'],
      ['reviewed', 'officer'],
    ])
    expect(became[1]?.patients).toHaveLength(1)
    // Reviewed, it may go, and with it the only object that names a patient.
    expect(await as('officer', 'delete breakglassgrant night-1 -n clinic'.split(' '))).toContain('deleted')
  })

  verifies('access:revocation', 'a person, timed by the trail itself', async () => {
    await until('a call is served', 30, async () => ((await diagnosis()).ok ? true : undefined))
    const from = Date.now()
    const revoked = await as('officer', ['create', '-f', '-'], {
      apiVersion: 'hipaa-mcp.dev/v1alpha1',
      kind: 'AccessRevocation',
      metadata: { name: 'clinician-left' },
      spec: { person: clinician, cause: 'Termination' },
    })
    expect(revoked).toContain('created')

    const refused = await until('the person is refused', 30, async () => {
      const seen = await diagnosis()
      return seen.ok ? undefined : seen
    })
    // Others go on: whatever else stands in the way of this call, it is no revocation.
    const { records: patients } = stage()
    const coverage = { patient_id: patients[0]?.patient.id ?? '' }
    const other = await call(stage(), 'check_coverage', coverage, { person: 'billing' })
    // Lifted before anything is judged: what follows needs the person.
    await as('officer', ['delete', 'accessrevocation', 'clinician-left'])

    expect(!refused.ok && refused.status).toBe(403)
    const { records } = await verifiedTrail(stage(), 'revoked')
    const inForce = ofKind(records, 'orders').filter(({ at }) => Date.parse(at) >= from)
    const milliseconds = Math.min(...inForce.map(({ at }) => Date.parse(at))) - from
    console.log(`    a revocation was in force ${milliseconds} ms after kubectl began`)
    expect(milliseconds).toBeLessThanOrEqual(5_000)
    expect(ofKind(records, 'refusal').find(({ reason }) => reason === 'person-revoked')).toMatchObject({
      who: { sub: 'clinician' },
    })
    expect(other.ok || other.status).not.toBe(403)
    await until('the person is served again', 30, async () => ((await diagnosis()).ok ? true : undefined))
  })

  verifies('authentication:logoff', 'an old login is awake as long as the person was at work', async () => {
    await patchServer({ identity: { sessions: { idle: '10s' } } })
    const old: Asked = { secondsAgo: 3_600 }
    await until('an old login is served just after a fresh one', 60, async () =>
      (await diagnosis()).ok && (await diagnosis(old)).ok ? true : undefined,
    )

    await sleep(12_000)

    const seen = await diagnosis(old)
    expect(!seen.ok && [seen.status, seen.challenge]).toEqual([401, expect.stringContaining('max_age="10"')])
    expect(reasonOf(await diagnosis())).toBe('served')
    await patchServer({ identity: { sessions: { idle: '15m' } } })
    // The cluster may be somebody's own.
    for (const name of Object.keys(people))
      await stage().kubectl.run(['delete', 'clusterrolebinding', `access-${name}`])
  })
}
