// Programs die at any moment, under load. Afterwards the trail tells: every acknowledged record is there, nothing passed
// unrecorded, and service returns by itself.

import { expect } from 'vitest'
import { until } from '../../demo/kubectl.ts'
import { ready } from '../../demo/scene.ts'
import { verifies } from '../../verifies.ts'
import { answeredAgain, underLoad } from './load.ts'
import {
  diagnosesSince,
  killInPod,
  ofKind,
  openIntents,
  podsOf,
  programs,
  type Stage,
  upstreamReads,
  verifiedTrail,
} from './stage.ts'

const system = 'hipaa-mcp-system'

export function resilience(stage: Stage): void {
  verifies('audit:acknowledged-is-kept', 'the sidecar is killed under load', async () => {
    const [pod] = await podsOf(stage(), 'clinic', 'app=ehr-mcp')
    const since = Date.now()
    const readsBefore = await upstreamReads(stage())

    const { answered } = await underLoad(
      stage,
      400,
      async () => await killInPod(programs.sidecar, pod?.uid ?? ''),
    )
    await answeredAgain(stage)

    const reads = (await upstreamReads(stage())) - readsBefore
    const { records } = await verifiedTrail(stage(), 'sidecar-killed')
    const trail = diagnosesSince(records, since)
    console.log(
      `    ${answered} answered, ${trail.intents.length} intents, ${trail.answered.length} results, ${reads} reads upstream`,
    )
    expect(answered).toBeGreaterThan(0)
    // Whatever an agent holds, the trail holds; whatever reached the server has its intent.
    expect(trail.answered.length).toBeGreaterThanOrEqual(answered)
    expect(reads).toBeLessThanOrEqual(trail.intents.length)
  })

  verifies('audit:unknown', 'every intent of the killed sidecar is closed', async () => {
    // The registry closes a chain when its successor begins.
    const { records } = await verifiedTrail(stage(), 'unknown')

    expect(ofKind(records, 'ended').length).toBeGreaterThan(0)
    expect(openIntents(records)).toEqual([])
  })

  verifies('audit:no-record-no-service', 'the collector is killed under load, and comes back', async () => {
    const [pod] = await podsOf(stage(), system, 'app.kubernetes.io/name=hipaa-mcp-collector')
    const since = Date.now()

    const { answered } = await underLoad(
      stage,
      400,
      async () => await killInPod(programs.collector, pod?.uid ?? ''),
    )
    await answeredAgain(stage)

    const { records } = await verifiedTrail(stage(), 'collector-killed')
    expect(diagnosesSince(records, since).answered.length).toBeGreaterThanOrEqual(answered)
  })

  verifies('operator:away', 'every operator is killed, and calls go on', async () => {
    const { kubectl } = stage()
    await kubectl.run(['scale', 'deployment/hipaa-mcp-operator', '-n', system, '--replicas=0'])
    try {
      await until('no operator runs', 60, async () =>
        (await podsOf(stage(), system, 'app.kubernetes.io/name=hipaa-mcp-operator')).length === 0
          ? true
          : undefined,
      )

      const { answered, refused } = await underLoad(stage, 40, async () => await Promise.resolve())

      expect({ answered, refused }).toEqual({ answered: 40, refused: {} })
    } finally {
      await kubectl.run(['scale', 'deployment/hipaa-mcp-operator', '-n', system, '--replicas=2'])
      await kubectl.run([
        'rollout',
        'status',
        'deployment/hipaa-mcp-operator',
        '-n',
        system,
        '--timeout=120s',
      ])
    }
    await ready(stage())
  })

  verifies('operator:leader', 'the leading operator is killed, and another reconciles', async () => {
    const { kubectl } = stage()
    const holder = async () =>
      (
        await kubectl.run(['get', 'lease', '-n', system, '-o', 'jsonpath={.items[*].spec.holderIdentity}'])
      ).trim()
    const first = await holder()
    const pods = await podsOf(stage(), system, 'app.kubernetes.io/name=hipaa-mcp-operator')
    const leader = pods.find(({ name }) => first.includes(name))
    expect(leader, `${first} is none of ${pods.map(({ name }) => name).join()}`).toBeDefined()

    await killInPod(programs.operator, leader?.uid ?? '')
    await kubectl.run(['delete', 'networkpolicy', '-n', 'clinic', '--all'])

    await until('the policies are back', 60, async () =>
      (await kubectl.run(['get', 'networkpolicy', '-n', 'clinic', '-o', 'name'])).trim() === ''
        ? undefined
        : true,
    )
  })

  verifies('transmission:drain', 'the workload is rolled under load', async () => {
    const { kubectl } = stage()
    const [old] = await podsOf(stage(), 'clinic', 'app=ehr-mcp')

    const { answered, refused } = await underLoad(stage, 200, async () => {
      await kubectl.run(['rollout', 'restart', 'deployment/ehr-mcp', '-n', 'clinic'])
      await kubectl.run(['rollout', 'status', 'deployment/ehr-mcp', '-n', 'clinic', '--timeout=180s'])
    })
    await ready(stage())

    console.log(`    ${answered} answered, refused ${JSON.stringify(refused)} while the pod was replaced`)
    // A session goes with its pod, and its client begins another; a connection may break where one pod follows the other.
    expect(Object.keys(refused).filter((reason) => reason !== 'no answer')).toEqual([])
    expect(refused['no answer'] ?? 0).toBeLessThanOrEqual(2)
    rolled = old?.name
  })
}

let rolled: string | undefined

/** What the trail says of the roll, once the old pod has ended: half a minute later, in which other parts are tried. */
export function afterRolled(stage: Stage): void {
  verifies('transmission:drain', 'a chain that was closed on purpose left no call open', async () => {
    if (rolled === undefined) throw new Error('It was not rolled')
    await stage().kubectl.run(['wait', '--for=delete', `pod/${rolled}`, '-n', 'clinic', '--timeout=120s'])

    const { records } = await verifiedTrail(stage(), 'rolled')
    const closed = ofKind(records, 'chain-closed')
    expect(closed.length).toBeGreaterThan(0)
    // All in flight were finished.
    expect(closed.flatMap(({ open }) => open)).toEqual([])
  })
}
