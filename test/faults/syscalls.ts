// Every call on files that the two writers make, failed in turn: those of the sidecar's segments (Local) and those of the
// collector's embedded store. Which calls there are is seen in a run that is traced, so that none is forgotten.

import { join } from 'node:path'
import type { Random } from '../sample/random.ts'
import { compared, keptBy } from './counts.ts'
import type { Context, Fault } from './fault.ts'
import { Collector, Scene } from './scene.ts'
import { callsBelow, type Injection, injecting, tracing, wasInjected } from './strace.ts'
import { type Row, Tally } from './tally.ts'

/** What a call fails with. Those that are not named fail with EIO. */
const failures: { readonly [call: string]: readonly string[] } = {
  openat: ['error=EIO', 'error=ENOSPC', 'error=EROFS', 'error=EMFILE'],
  write: ['error=EIO', 'error=ENOSPC', 'error=EROFS', 'retval=0'],
  pwrite64: ['error=EIO', 'error=ENOSPC', 'error=EROFS', 'retval=0'],
  fsync: ['error=EIO', 'error=ENOSPC'],
  fdatasync: ['error=EIO', 'error=ENOSPC'],
  ftruncate: ['error=EIO', 'error=EROFS'],
  mkdir: ['error=EIO', 'error=ENOSPC', 'error=EROFS'],
  rename: ['error=EIO', 'error=ENOSPC', 'error=EROFS'],
  unlink: ['error=EIO', 'error=EROFS'],
}

const words: { readonly [what: string]: string } = { 'retval=0': 'nothing written and no error' }

/** Scenes whose records are looked at together. */
const round = 20
const segmentSize = 8 * 1024
const callsOfOne = 6

/** Some work, from the first call to the end of the chain. Every way through the writer is gone: segments fill up and are shipped. */
async function work(scene: Scene): Promise<number> {
  const back = await scene.answers()
  scene.callers.begin(2)
  const enough = scene.callers.sentCalls.length + callsOfOne
  const since = performance.now()
  while (scene.callers.sentCalls.length < enough && performance.now() - since < 8_000)
    await new Promise((resolve) => setTimeout(resolve, 20))
  await scene.callers.stop()
  const again = await scene.answers()
  return Math.max(back, again)
}

type Writer = {
  where: string
  /** One case: its scene, and what its log is. Not ended. */
  scene: (
    context: Context,
    before: (log: string) => readonly string[],
    shared: Collector | undefined,
  ) => Promise<Case>
  /** Whether cases share a collector. */
  shares: boolean
}
type Case = { scene: Scene; folder: string; log: string; ends: () => readonly string[] }

const sidecar: Writer = {
  where: 'sidecar, Local: segments on its volume',
  shares: true,
  scene: async ({ world }, before, running) => {
    const [folder, log] = [world.folder('trail'), join(world.folder('strace'), 'log')]
    const command = before(log).map((word) => word.replaceAll('FOLDER', folder))
    const scene = await Scene.start(
      world,
      {
        mode: 'Local',
        ...(running === undefined ? {} : { running }),
        sidecar: { folder, segmentSize, before: (start) => (start === 0 ? command : []) },
      },
      false,
    )
    return { scene, folder, log, ends: () => scene.sidecar.ends }
  },
}

const store: Writer = {
  where: 'collector: embedded store, sidecar Stream',
  shares: false,
  scene: async ({ world }, before) => {
    const [folder, log] = [world.folder('store'), join(world.folder('strace'), 'log')]
    const command = before(log).map((word) => word.replaceAll('FOLDER', folder))
    const scene = await Scene.start(
      world,
      {
        mode: 'Stream',
        uid: 'pod',
        collector: { store: `embedded:${folder}`, before: (start) => (start === 0 ? command : []) },
      },
      false,
    )
    return { scene, folder, log, ends: () => scene.collector.program.ends }
  },
}

async function failed(writer: Writer, context: Context): Promise<Row[]> {
  const { world, random, short, say } = context
  const collectorFor = async (): Promise<Collector | undefined> => {
    if (!writer.shares) return undefined
    const collector = await Collector.start(world, {})
    await collector.ready()
    return collector
  }
  let shared = await collectorFor()
  const traced = await writer.scene(context, tracing, shared)
  await work(traced.scene)
  await traced.scene.closeSidecar()
  if (shared === undefined) await traced.scene.collector.program.stop()
  const { calls, paths } = callsBelow(traced.folder, traced.log)
  await traced.scene.end()
  const relative = paths.map((path) => path.replace(traced.folder, 'FOLDER'))
  const seen = [...calls].toSorted(([a], [b]) => (a < b ? -1 : 1))
  say(`calls: ${seen.map(([call, count]) => `${call} ${count}`).join(', ')}`)

  // Each call fails once in a run; with what, goes round, and begins elsewhere with another seed.
  const all = seen.flatMap(([call, count]) => {
    const ways = failures[call] ?? ['error=EIO']
    const first = random.between(0, ways.length - 1)
    return Array.from(
      { length: count },
      (_, at): Injection => ({
        call,
        what: ways[(first + at) % ways.length] as string,
        nth: at + 1,
      }),
    )
  })
  // Of each call one, where only a sample is wanted.
  const cases = short ? sampled(all, random) : all
  const tallies = new Map<string, Tally>()
  const tallyOf = ({ call }: Injection): Tally => {
    const ways = (failures[call] ?? ['error=EIO']).map((what) => words[what] ?? what.slice('error='.length))
    const tally = tallies.get(call) ?? new Tally(`${call} fails (${ways.join(', ')})`, writer.where)
    tallies.set(call, tally)
    return tally
  }
  let batch: { scene: Scene; tally: Tally }[] = []
  const look = async (): Promise<void> => {
    if (batch.length === 0) return
    const collector = (batch[0] as (typeof batch)[number]).scene.collector
    await collector.ready()
    const { records, findings } = await keptBy(world, collector)
    for (const [at, { scene, tally }] of batch.entries()) {
      tally.count({ ...compared(world, scene.callers, records), findings: at === 0 ? findings : [] })
      await scene.end()
    }
    batch = []
    if (shared === undefined) return
    await shared.program.stop(2_000)
    shared = await collectorFor()
  }
  for (const [at, injection] of cases.entries()) {
    const tally = tallyOf(injection)
    const one = await writer.scene(context, (log) => injecting(log, injection, relative), shared)
    try {
      const back = await work(one.scene)
      const ended = one.ends().length > 0
      await one.scene.closeSidecar()
      if (wasInjected(one.log)) tally.happened(back, ended)
    } catch (error) {
      tally.happened()
      tally.row.wrong.push(`${injection.call} ${injection.nth}, ${injection.what}: ${String(error)}`)
    }
    batch.push({ scene: one.scene, tally })
    if (shared === undefined || batch.length === round) await look()
    if ((at + 1) % 10 === 0) say(`${at + 1} of ${cases.length} calls failed`)
  }
  await look()
  await shared?.program.stop(2_000)
  return [...tallies.values()].map((tally) => tally.close())
}

/** What a sample always has: the calls on which an acknowledgement hangs. */
const foremost: ReadonlySet<string> = new Set(['pwrite64', 'fdatasync', 'fsync'])

/** One injection of each foremost call, at any place, and one of any other. */
function sampled(all: readonly Injection[], { pick }: Random): Injection[] {
  const others = all.filter(({ call }) => !foremost.has(call))
  const each = [...foremost].map((call) => all.filter((one) => one.call === call))
  return [...each, others].filter((those) => those.length > 0).map((those) => pick(those))
}

export const syscallFaults: Fault[] = [
  {
    name: 'syscalls-local',
    says: 'every call on files of the sidecar’s segments fails in turn',
    lane: 'calls',
    short: true,
    run: async (context) => await failed(sidecar, context),
  },
  {
    name: 'syscalls-store',
    says: 'every call on files of the collector’s embedded store fails in turn',
    lane: 'calls',
    short: true,
    run: async (context) => await failed(store, context),
  },
]
