// kill -9 of sidecar and collector, at moments that a seed gives: under load, and while they begin. What a page cache holds
// survives this; what a power loss does to a disk is for sectors.ts.

import { setTimeout as sleep } from 'node:timers/promises'
import { counted } from './counts.ts'
import type { Context, Fault } from './fault.ts'
import { Scene } from './scene.ts'
import { type Row, Tally } from './tally.ts'

type Victim = { program: 'sidecar' | 'collector'; mode: 'Local' | 'Stream'; kills: number; few: number }

/** Kills between two looks at the whole trail. */
const round = 40

async function killed(
  { program, mode, kills, few }: Victim,
  { world, random, short, say }: Context,
): Promise<Row[]> {
  const tally = new Tally(
    'kill -9',
    program === 'sidecar' ? `sidecar, ${mode}` : `collector, embedded store, sidecar ${mode}`,
  )
  const all = short ? few : kills
  for (let done = 0; done < all; ) {
    const scene = await Scene.start(world, { mode, sidecar: { segmentSize: 64 * 1024 } })
    const { callers, collector, sidecar } = scene
    const victim = program === 'sidecar' ? sidecar : collector.program
    try {
      callers.begin(6)
      for (const until = Math.min(all, done + round); done < until; done++) {
        // Each third kill comes while it begins, or before.
        await sleep(random.between(0, done % 3 === 0 ? 700 : 250))
        await victim.signal('SIGKILL')
        if (done % 3 === 1 && done + 1 < until) {
          tally.happened()
          continue
        }
        tally.happened(await scene.answers())
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
  { program: 'sidecar', mode: 'Local', kills: 80, few: 5 },
  { program: 'sidecar', mode: 'Stream', kills: 70, few: 3 },
  { program: 'collector', mode: 'Stream', kills: 50, few: 3 },
  { program: 'collector', mode: 'Local', kills: 20, few: 0 },
]

export const killFaults: Fault[] = victims.map((victim) => ({
  name: `kill-${victim.program}-${victim.mode.toLowerCase()}`,
  says: `kill -9 of the ${victim.program}, sidecar in mode ${victim.mode}`,
  lane: victim.program === 'sidecar' ? 'kills' : 'collector kills',
  short: victim.few > 0,
  run: async (context) => await killed(victim, context),
}))
