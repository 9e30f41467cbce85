// Real disks that are full or turn read-only under a writer.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Acknowledge } from '../../core/acknowledge.ts'
import { counted } from './counts.ts'
import { answered, type Context, type Fault } from './fault.ts'
import type { Program } from './program.ts'
import { Scene, type SceneSpec } from './scene.ts'
import { type Row, Tally } from './tally.ts'
import { aVolume, type Volume } from './volume.ts'

type Place = { where: string; spec: (volume: Volume) => SceneSpec; program: (scene: Scene) => Program }

/** The volume of a sidecar's records. */
const sidecarIn = (mode: Acknowledge): Place => ({
  where: `sidecar, ${mode}: its volume`,
  spec: ({ folder }) => ({ mode, sidecar: { folder, segmentSize: 256 * 1024 } }),
  program: ({ sidecar }) => sidecar,
})

const places: { readonly [name: string]: Place } = {
  local: sidecarIn('Local'),
  both: sidecarIn('Both'),
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
        tally.happened(await answered(scene, tally, context), ended)
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

export const diskFaults: Fault[] = Object.entries(places).flatMap(([name, place]): Fault[] => [
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
])
