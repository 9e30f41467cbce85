import { expect, test } from 'vitest'
import { desired } from '../../../operator/desired/all.ts'
import { isMet } from '../../../operator/desired/wanted.ts'
import { judge } from '../../../operator/readiness.ts'
import { trimWorkload } from '../../../operator/watches.ts'
import { aServer, aWorkload, now, seenIn, type Things } from '../world.ts'

const annotation = 'hipaa-mcp.dev/server'

/** What is written to workloads. */
function writes(things: Things) {
  const seen = seenIn(things)
  return desired(seen, judge(seen), now)
    .filter((wanted) => wanted.object.kind === 'Deployment' && !isMet(wanted))
    .map(({ object }) => object['spec'] ?? 'nothing')
}
const copy = { template: { metadata: { annotations: { [annotation]: 'ehr' } } } }

const cases: { when: string; things: Things; writes: unknown[] }[] = [
  { when: 'the workload is annotated', things: { workloads: [aWorkload()] }, writes: [copy] },
  {
    when: 'it is copied already',
    things: { workloads: [aWorkload(undefined, { spec: copy, copied: 'ehr' })] },
    writes: [],
  },
  {
    when: 'the template says it by itself',
    things: { workloads: [aWorkload(undefined, { spec: copy })] },
    writes: [],
  },
  {
    when: 'the template says otherwise',
    things: {
      workloads: [
        aWorkload(undefined, {
          spec: { template: { metadata: { annotations: { [annotation]: 'other' } } } },
        }),
      ],
    },
    writes: [],
  },
  {
    when: 'the workload names another server',
    things: { workloads: [aWorkload({ [annotation]: 'other' })] },
    writes: [],
  },
  {
    when: 'the namespace is not enrolled',
    things: { workloads: [aWorkload()], enrolled: false },
    writes: [],
  },
  {
    when: 'the policy is invalid',
    things: { workloads: [aWorkload()], servers: [aServer({ maxPolicyAge: 'soon' })] },
    writes: [],
  },
  {
    when: 'no token could be checked yet',
    things: { workloads: [aWorkload()], withoutKeySet: true },
    writes: [],
  },
  {
    when: 'one of its names is not listed, under which alone it does not serve',
    things: {
      workloads: [aWorkload()],
      servers: [aServer({ tls: { dnsNames: ['ehr.clinic.example.org'] } })],
    },
    writes: [copy],
  },
  {
    when: 'the server is locked down',
    things: { workloads: [aWorkload()], servers: [aServer({ lockdown: { reason: 'drill' } })] },
    writes: [copy],
  },
  {
    when: 'the annotation was taken away: what we wrote goes too',
    things: { workloads: [aWorkload({}, { spec: copy, copied: 'ehr' })] },
    writes: ['nothing'],
  },
  {
    when: 'the policy became invalid after it was copied: the copy stays',
    things: {
      workloads: [aWorkload(undefined, { spec: copy, copied: 'ehr' })],
      servers: [aServer({ maxPolicyAge: 'soon' })],
    },
    writes: [],
  },
]

for (const { when, things, writes: expected } of cases)
  test(`the annotation of a workload reaches its pod template, or does not: ${when}`, () => {
    expect(writes(things)).toEqual(expected)
  })

const workload = (manager: string) =>
  trimWorkload({
    ...aWorkload(undefined, { spec: copy }),
    metadata: {
      name: 'ehr-mcp',
      managedFields: [
        {
          manager,
          fieldsV1: {
            'f:spec': { 'f:template': { 'f:metadata': { 'f:annotations': { [`f:${annotation}`]: {} } } } },
          },
        },
      ],
    } as never,
  })

const statusWith = (refused: string) =>
  trimWorkload(
    aWorkload({}, { status: { conditions: [{ type: 'ReplicaFailure', status: refused }] } as object }),
  ).status

test('of what a Deployment’s controller reports only that its new pods are refused is kept', () => {
  expect([statusWith('True'), statusWith('False')]).toEqual([{ refused: true }, {}])
})

test('an annotation on the template is ours only where managedFields say so', () => {
  expect(workload('hipaa-mcp-operator').copied).toBe('ehr')
  expect(workload('kubectl').copied).toBeUndefined()
  expect(workload('kubectl').metadata).not.toHaveProperty('managedFields')
})
