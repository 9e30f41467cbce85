// Clocks that jump, by minutes to years, and come back: of the sidecar, and of the collector. Real time does (libfaketime, by
// a file that is read at each look); the monotonic clock does not, as with a clock that is set.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { compared, keptBy } from './counts.ts'
import { answered, type Context, type Fault } from './fault.ts'
import { Scene, type SceneSpec, until, type World } from './scene.ts'
import { type Row, Tally } from './tally.ts'

type Environment = { readonly [name: string]: string }

type Place = {
  name: string
  where: string
  spec: (environment: Environment) => SceneSpec
  /** Milliseconds since 1970 by the clock that was set, where something tells. */
  tells?: (scene: Scene) => Promise<number>
}

const places: readonly Place[] = [
  {
    name: 'clock-collector',
    where: 'collector',
    spec: (environment) => ({ mode: 'Stream', collector: { environment } }),
    tells: async ({ collector }) => await collector.clock(),
  },
  {
    name: 'clock-sidecar-local',
    where: 'sidecar, Local',
    spec: (environment) => ({ mode: 'Local', sidecar: { environment, segmentSize: 256 * 1024 } }),
  },
  {
    name: 'clock-sidecar-stream',
    where: 'sidecar, Stream',
    spec: (environment) => ({ mode: 'Stream', sidecar: { environment } }),
  },
]

/**
 * Seconds by which a clock is off, one after the other. `served`: for what tokens (good for an hour) and the skew that is
 * allowed say, calls go on meanwhile, whatever the clock says of how long nobody asked for anything (900 s).
 */
const jumps: readonly { by: number; served?: true }[] = [
  { by: -30, served: true },
  { by: 1_500, served: true },
  { by: 7_200 },
  { by: -86_400 },
  { by: 315_360_000 },
  { by: -31_536_000 },
]

/** A clock that can be set: its environment, and by how many seconds it is off from now on. */
function aClock(world: World): { environment: Environment; set: (seconds: number) => void } {
  const file = join(world.folder('clock'), 'offset')
  const set = (seconds: number): void => writeFileSync(file, `${seconds < 0 ? '' : '+'}${seconds}\n`)
  set(0)
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch
  return {
    set,
    environment: {
      LD_PRELOAD: `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  }
}

const years = (at: string): number => Math.abs(Date.parse(at) - Date.now()) / 31_536_000_000

async function jumped({ where, spec, tells }: Place, context: Context): Promise<Row[]> {
  const { world, say } = context
  const tally = new Tally('the clock jumps, by minutes to years, and back', where)
  const clock = aClock(world)
  const scene = await Scene.start(world, spec(clock.environment))
  try {
    for (const { by, served } of jumps) {
      scene.callers.begin(6)
      await sleep(300)
      clock.set(by)
      const off = async (): Promise<number> => ((await tells?.(scene)) ?? Number.NaN) - Date.now() - by * 1000
      if (tells !== undefined)
        await until(`it is off by ${by} s`, async () => Math.abs(await off()) < 20_000, 10_000)
      // What the collector judges are certificates, which do not last so long here.
      else if (served === true) await scene.answers()
      await sleep(3_000)
      clock.set(0)
      tally.happened(await answered(scene, tally, context))
      await scene.callers.stop()
    }
    say(`${jumps.length} jumps`)
    await scene.closeSidecar()
    await scene.collector.ready()
    const { records, findings } = await keptBy(world, scene.collector)
    tally.count({ ...compared(world, scene.callers, records), findings })
    if (tells === undefined && !records.some(({ at }) => years(at) > 0.9))
      tally.row.wrong.push('no record has the time of a clock that jumped: it did not')
  } finally {
    await scene.end()
  }
  return [tally.close()]
}

export const clockFaults: Fault[] = places.map((place) => ({
  name: place.name,
  says: `the clock jumps, ${place.where}`,
  lane: 'clocks',
  short: false,
  run: async (context) => await jumped(place, context),
}))
