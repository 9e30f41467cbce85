// Real disks that are full or turn read-only under a writer, and clocks that jump.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { counted } from './counts.ts'
import type { Context, Fault } from './fault.ts'
import type { Program } from './program.ts'
import { Scene, type SceneSpec } from './scene.ts'
import { type Row, Tally } from './tally.ts'
import { aVolume, type Volume } from './volume.ts'

type Place = { where: string; spec: (volume: Volume) => SceneSpec; program: (scene: Scene) => Program }

const places: { readonly [name: string]: Place } = {
  local: {
    where: 'sidecar, Local: its volume',
    spec: ({ folder }) => ({ mode: 'Local', sidecar: { folder, segmentSize: 256 * 1024 } }),
    program: ({ sidecar }) => sidecar,
  },
  store: {
    where: 'collector: embedded store',
    spec: ({ folder }) => ({ mode: 'Stream', collector: { store: `embedded:${folder}` } }),
    program: ({ collector }) => collector.program,
  },
}

type Strike = {
  fault: string
  times: number
  strike: (volume: Volume) => Promise<void>
  undo: (volume: Volume, program: Program) => Promise<void>
}

const full: Strike = {
  fault: 'full disk (ext4 on a loop device)',
  times: 4,
  strike: async (volume) => {
    volume.fill()
    await sleep(4_000)
  },
  undo: async (volume) => {
    volume.empty()
    await Promise.resolve()
  },
}

const readOnly: Strike = {
  fault: 'the kernel turns it read-only',
  times: 4,
  strike: async (volume) => {
    volume.abort()
    await sleep(2_500)
  },
  undo: async (volume, program) => {
    program.hold()
    await program.signal('SIGKILL')
    volume.mend()
    program.release()
  },
}

async function struck(
  place: Place,
  { fault, times, strike, undo }: Strike,
  context: Context,
): Promise<Row[]> {
  const { world, random, short, say } = context
  const tally = new Tally(fault, place.where)
  const volume = aVolume(world, 24)
  try {
    const scene = await Scene.start(world, place.spec(volume))
    const program = place.program(scene)
    try {
      for (let done = 0; done < (short ? 1 : times); done++) {
        scene.callers.begin(6)
        await sleep(random.between(100, 900))
        const ends = program.ends.length
        const before = scene.callers.answers.length
        await strike(volume)
        tally.meanwhile(scene.callers.answers.length - before)
        const ended = program.ends.length > ends
        await undo(volume, program)
        tally.happened(await scene.answers(), ended)
        await scene.callers.stop()
      }
      say(`${times} times`)
      await scene.closeSidecar()
      await scene.collector.ready()
      tally.count(await counted(world, scene))
    } finally {
      await scene.end()
    }
  } finally {
    volume.end()
  }
  return [tally.close()]
}

/** Seconds by which a clock is off, one after the other. */
const jumps = [-120, 1_200, 7_200, -86_400, 315_360_000, -31_536_000]

/** Real time jumps; the monotonic clock does not, as with a clock that is set. */
async function jumped({ world, say }: Context): Promise<Row[]> {
  const tally = new Tally('the clock jumps, by minutes to years, and back', 'collector')
  const file = join(world.folder('clock'), 'offset')
  const set = (seconds: number): void => writeFileSync(file, `${seconds < 0 ? '' : '+'}${seconds}\n`)
  set(0)
  const environment = {
    LD_PRELOAD: `/usr/lib/${{ x64: 'x86_64', arm64: 'aarch64' }[process.arch as string]}-linux-gnu/faketime/libfaketime.so.1`,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
  const scene = await Scene.start(world, { mode: 'Stream', collector: { environment } })
  try {
    for (const seconds of jumps) {
      scene.callers.begin(6)
      await sleep(300)
      set(seconds)
      await sleep(3_000)
      set(0)
      tally.happened(await scene.answers())
      await scene.callers.stop()
    }
    say(`${jumps.length} jumps`)
    await scene.closeSidecar()
    await scene.collector.ready()
    tally.count(await counted(world, scene))
  } finally {
    await scene.end()
  }
  return [tally.close()]
}

export const diskFaults: Fault[] = [
  ...Object.entries(places).flatMap(([name, place]): Fault[] => [
    {
      name: `full-${name}`,
      says: `${full.fault}, ${place.where}`,
      lane: 'disks',
      short: name === 'local',
      run: async (context) => await struck(place, full, context),
    },
    {
      name: `read-only-${name}`,
      says: `${readOnly.fault}, ${place.where}`,
      lane: 'disks',
      short: false,
      run: async (context) => await struck(place, readOnly, context),
    },
  ]),
  {
    name: 'clock-collector',
    says: 'the clock of the collector jumps',
    lane: 'disks',
    short: false,
    run: jumped,
  },
]
