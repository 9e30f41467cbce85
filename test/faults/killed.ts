// kill -9 of sidecar and collector, at moments that a seed gives: under load, and while they begin. What a page cache holds
// survives this; what a power loss does to a disk is for sectors.ts.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Acknowledge } from '../../core/acknowledge.ts'
import { counted } from './counts.ts'
import { answered, type Context, type Fault } from './fault.ts'
import { Scene } from './scene.ts'
import { type Row, Tally } from './tally.ts'

type Victim = { program: 'sidecar' | 'collector'; mode: Acknowledge; kills: number; few: number }

/** Kills between two looks at the whole trail. */
const round = 40

async function killed({ program, mode, kills, few }: Victim, context: Context): Promise<Row[]> {
  const tally = new Tally(
    'kill -9',
    program === 'sidecar' ? `sidecar, ${mode}` : `collector, embedded store, sidecar ${mode}`,
  )
  const { world, random, short, over, say } = context
  const all = short ? few : kills
  let back = 1_000
  for (let done = 0; done < all && !over(); ) {
    const scene = await Scene.start(world, { mode, sidecar: { segmentSize: 64 * 1024 } })
    const { callers, collector, sidecar } = scene
    const victim = program === 'sidecar' ? sidecar : collector.program
    try {
      callers.begin(6)
      for (const until = Math.min(all, done + round); done < until && !over(); done++) {
        // Under load; and of each two kills one while it begins, at any moment up to its first answer.
        await sleep(random.between(0, 400))
        await victim.signal('SIGKILL')
        tally.happened()
        if (done + 1 < until) {
          await sleep(random.between(0, back))
          await victim.signal('SIGKILL')
          tally.happened()
          done++
        }
        back = await answered(scene, tally, context)
        tally.cameBack(back)
      }
      await scene.closeSidecar()
      await collector.ready()
      tally.count(await counted(world, scene))
    } finally {
      await scene.end()
    }
    say(`${done} of ${all} kills`)
  }
  return [tally.close()]
}

const victims: Victim[] = [
  { program: 'sidecar', mode: 'Local', kills: 60, few: 4 },
  { program: 'sidecar', mode: 'Stream', kills: 60, few: 2 },
  { program: 'collector', mode: 'Stream', kills: 60, few: 2 },
  { program: 'collector', mode: 'Local', kills: 60, few: 0 },
  { program: 'sidecar', mode: 'Both', kills: 40, few: 2 },
  { program: 'collector', mode: 'Both', kills: 40, few: 0 },
]

export const killFaults: Fault[] = victims.map((victim) => ({
  name: `kill-${victim.program}-${victim.mode.toLowerCase()}`,
  says: `kill -9 of the ${victim.program}, sidecar in mode ${victim.mode}`,
  lane: `kill ${victim.program} ${victim.mode}`,
  short: victim.few > 0,
  run: async (context) => await killed(victim, context),
}))
