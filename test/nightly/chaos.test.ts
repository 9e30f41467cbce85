// One of the three programs is killed every few seconds, for minutes, under load. The trail must verify at the end, hold
// everything that an agent was given, and leave no intent open. Then they serve for half as long again, and nobody kills them:
// what sidecars and collector hold must not grow.
//
// CHAOS_MINUTES (10) and CHAOS_SEED (the day) say how long and in which order.

import { describe, expect } from 'vitest'
import { builtClinic } from '../e2e/parts/build.ts'
import { answeredAgain, underLoad } from '../e2e/parts/load.ts'
import {
  diagnosesSince,
  killInPod,
  ofKind,
  openIntents,
  podsOf,
  processInPod,
  programs,
  verifiedTrail,
} from '../e2e/parts/stage.ts'
import { seeded } from '../sample/random.ts'
import { type Footprint, footprintOf, outgrown } from '../support/footprint.ts'
import { verifies } from '../verifies.ts'

const minutes = Number(process.env['CHAOS_MINUTES'] ?? 10)
const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Date.now() / 86_400_000))

/** A container that ends again and again is begun anew after 10 s, 20 s and so on up to 300 s, whatever ended it. Seconds. */
const kubeletWaits = 360

/**
 * So many times of what a program holds in the middle of the quiet time it may hold at the end of it. A descriptor lost in a
 * hundred calls is above that, and some ten kilobytes lost in each call.
 */
const ceiling = 1.25

const stage = builtClinic(undefined, 600_000)

const victims = [
  { program: programs.sidecar, namespace: 'clinic', selector: 'app=ehr-mcp' },
  {
    program: programs.collector,
    namespace: 'hipaa-mcp-system',
    selector: 'app.kubernetes.io/name=hipaa-mcp-collector',
  },
  {
    program: programs.operator,
    namespace: 'hipaa-mcp-system',
    selector: 'app.kubernetes.io/name=hipaa-mcp-operator',
  },
] as const

describe(`chaos of ${minutes} minutes, seed ${seed}`, () => {
  verifies(
    'audit:acknowledged-is-kept',
    'sidecar, collector and operator are killed at random under load',
    async () => {
      const random = seeded(seed)
      const since = Date.now()
      let answered = 0
      let kills = 0
      while (Date.now() - since < minutes * 60_000) {
        const victim = random.pick(victims)
        const pods = await podsOf(stage(), victim.namespace, victim.selector)
        const pod = random.pick(pods)
        const round = await underLoad(
          stage,
          200,
          async () => await killInPod(victim.program, pod.uid, kubeletWaits),
        )
        answered += round.answered
        kills += 1
        await answeredAgain(stage, kubeletWaits)
      }

      const lasting = await lastingPrograms()
      const held = async (): Promise<Footprint[]> =>
        await Promise.all(lasting.map(async ({ pid }) => await footprintOf(pid)))
      answered += await quietLoad(minutes / 4)
      const middle = await held()
      answered += await quietLoad(minutes / 4)
      const end = await held()
      const grown = lasting.flatMap(({ name }, i) =>
        outgrown(middle[i] as Footprint, end[i] as Footprint, ceiling).map((says) => `${name}, ${says}`),
      )
      for (const [i, { name }] of lasting.entries())
        console.log(`    ${name}: ${JSON.stringify(middle[i])}, then ${JSON.stringify(end[i])}`)

      const { records } = await verifiedTrail(stage(), 'chaos')
      const unknown = new Set(ofKind(records, 'ended').flatMap((ended) => ended.unknown))
      const kept = diagnosesSince(records, since).answered
      console.log(
        `    ${kills} kills, ${answered} answered, ${kept.length} in the trail, ${unknown.size} unknown`,
      )
      expect(kills).toBeGreaterThan(2)
      expect(kept.length).toBeGreaterThanOrEqual(answered)
      expect(openIntents(records)).toEqual([])
      expect(grown).toEqual([])
    },
    (minutes * 1.5 + 15) * 60_000,
  )
})

/** Every sidecar and collector, by name and process. */
async function lastingPrograms(): Promise<{ name: string; pid: number }[]> {
  const found = victims
    .filter(({ program }) => program !== programs.operator)
    .map(async ({ program, namespace, selector }) => {
      const pods = await podsOf(stage(), namespace, selector)
      return await Promise.all(
        pods.map(async ({ uid }, i) => ({
          name: `${program} ${i}`,
          pid: await processInPod(program, uid, kubeletWaits),
        })),
      )
    })
  return (await Promise.all(found)).flat()
}

/** Load for so many minutes while nothing is killed: how many calls were answered. */
async function quietLoad(minutesOfIt: number): Promise<number> {
  let answered = 0
  for (const until = Date.now() + minutesOfIt * 60_000; Date.now() < until; )
    answered += (await underLoad(stage, 200, async () => await Promise.resolve())).answered
  return answered
}
