// One of the three programs is killed every few seconds, for minutes, under load. The trail must verify at the end, hold
// everything that an agent was given, and leave no intent open.
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
  programs,
  verifiedTrail,
} from '../e2e/parts/stage.ts'
import { seeded } from '../sample/random.ts'
import { verifies } from '../verifies.ts'

const minutes = Number(process.env['CHAOS_MINUTES'] ?? 10)
const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Date.now() / 86_400_000))

/** A container that ends again and again is begun anew after 10 s, 20 s and so on up to 300 s, whatever ended it. Seconds. */
const kubeletWaits = 360

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

      const { records } = await verifiedTrail(stage(), 'chaos')
      const unknown = new Set(ofKind(records, 'ended').flatMap((ended) => ended.unknown))
      const kept = diagnosesSince(records, since).answered
      console.log(
        `    ${kills} kills, ${answered} answered, ${kept.length} in the trail, ${unknown.size} unknown`,
      )
      expect(kills).toBeGreaterThan(2)
      expect(kept.length).toBeGreaterThanOrEqual(answered)
      expect(openIntents(records)).toEqual([])
    },
    (minutes + 15) * 60_000,
  )
})
