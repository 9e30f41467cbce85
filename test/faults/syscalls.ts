// Every call on files that the two writers make, failed in turn: those of the sidecar's segments (Local) and those of the
// collector's embedded store. Which calls there are is seen in a run that is traced, so that none is forgotten.

import { join } from 'node:path'
import type { Acknowledge } from '../../core/acknowledge.ts'
import type { Random } from '../sample/random.ts'
import { compared, keptBy } from './counts.ts'
import { shuffled } from './disk.ts'
import type { Context, Fault } from './fault.ts'
import { Collector, Late, Scene } from './scene.ts'
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
  /** Cases at a time. */
  width: number
  /** Calls that another writer's cases have: left out here. */
  without?: ReadonlySet<string>
}
type Case = { scene: Scene; folder: string; log: string; ends: () => readonly string[] }

const sidecarIn = (mode: Acknowledge, without: readonly string[] = []): Writer => ({
  where: `sidecar, ${mode}: segments on its volume`,
  shares: true,
  width: 3,
  without: new Set(without),
  scene: async ({ world }, before, running) => {
    const [folder, log] = [world.folder('trail'), join(world.folder('strace'), 'log')]
    const command = before(log).map((word) => word.replaceAll('FOLDER', folder))
    const scene = await Scene.start(
      world,
      {
        mode,
        ...(running === undefined ? {} : { running }),
        sidecar: { folder, segmentSize, before: (start) => (start === 0 ? command : []) },
      },
      false,
    )
    return { scene, folder, log, ends: () => scene.sidecar.ends }
  },
})

/** The process after one that was killed with records on its volume: it reads them back and ships them. */
const recovery: Writer = {
  where: 'sidecar, Local: recovery of what a killed one left',
  shares: true,
  // Each stops the collector for a moment.
  width: 1,
  without: new Set(['pwrite64']),
  scene: async ({ world }, before, running) => {
    const [folder, log] = [world.folder('trail'), join(world.folder('strace'), 'log')]
    const command = before(log).map((word) => word.replaceAll('FOLDER', folder))
    const scene = await Scene.start(world, {
      mode: 'Local',
      ...(running === undefined ? {} : { running }),
      sidecar: { folder, segmentSize, before: (start) => (start === 1 ? command : []) },
    })
    const { program } = scene.collector
    await program.signal('SIGSTOP')
    for (let calls = 0; calls < 4; calls++) await scene.callers.one()
    await scene.sidecar.signal('SIGKILL')
    await program.signal('SIGCONT')
    return { scene, folder, log, ends: () => scene.sidecar.ends.slice(1) }
  },
}

const store: Writer = {
  where: 'collector: embedded store, sidecar Stream',
  shares: false,
  width: 3,
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

/** The collector after one that was killed: it reads its store, and goes on in it. */
const storeAgain: Writer = {
  where: 'collector: embedded store, opened again after kill -9',
  shares: false,
  width: 3,
  without: new Set(['pwrite64', 'fdatasync']),
  scene: async ({ world }, before) => {
    const [folder, log] = [world.folder('store'), join(world.folder('strace'), 'log')]
    const command = before(log).map((word) => word.replaceAll('FOLDER', folder))
    const scene = await Scene.start(world, {
      mode: 'Stream',
      uid: 'pod',
      collector: { store: `embedded:${folder}`, before: (start) => (start === 1 ? command : []) },
    })
    for (let calls = 0; calls < 3; calls++) await scene.callers.one()
    await scene.collector.program.signal('SIGKILL')
    return { scene, folder, log, ends: () => scene.collector.program.ends.slice(1) }
  },
}

async function failed(writer: Writer, context: Context): Promise<Row[]> {
  const { world, seed, random, short, over, say } = context
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
  const all = seen
    .filter(([call]) => writer.without?.has(call) !== true)
    .flatMap(([call, count]) => {
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
  const cases = short
    ? sampled(all, random)
    : // Any order, so that a run that is cut short is a fair sample.
      shuffled(all, random)
  const tallies = new Map<string, Tally>()
  const tallyOf = ({ call }: Injection): Tally => {
    const ways = (failures[call] ?? ['error=EIO']).map((what) => words[what] ?? what.slice('error='.length))
    const tally = tallies.get(call) ?? new Tally(`${call} fails (${ways.join(', ')})`, writer.where)
    tallies.set(call, tally)
    return tally
  }
  let batch: { scene: Scene; tally: Tally }[] = []
  /** Looks at the whole trail of what was done, and begins on another. */
  const look = async (): Promise<void> => {
    for (const [collector, those] of Map.groupBy(batch, ({ scene }) => scene.collector)) {
      await collector.ready()
      const { records, findings } = await keptBy(world, collector)
      for (const [at, { scene, tally }] of those.entries()) {
        tally.count({ ...compared(world, scene.callers, records), findings: at === 0 ? findings : [] })
        await scene.end()
      }
    }
    batch = []
    if (shared === undefined) return
    await shared.program.stop(2_000)
    shared = await collectorFor()
  }
  /** Where no answer came in time, the same once more in another scene. What the first one saw counts as well. */
  const one = async (injection: Injection, again: boolean): Promise<void> => {
    const tally = tallyOf(injection)
    const { scene, log, ends } = await writer.scene(
      context,
      (file) => injecting(file, injection, relative),
      shared,
    )
    batch.push({ scene, tally })
    try {
      const back = await work(scene)
      const ended = ends().length > 0
      await scene.closeSidecar()
      if (wasInjected(log)) tally.happened(back, ended)
    } catch (error) {
      const what = `${injection.call} ${injection.nth}, ${injection.what}: ${String(error)}`
      if (again || !(error instanceof Late)) {
        tally.happened()
        tally.row.wrong.push(what)
        return
      }
      say(`no answer in time (seed ${seed}), the same once more. ${what}`)
      tally.late()
      await scene.closeSidecar()
      return await one(injection, true)
    }
  }
  for (let at = 0; at < cases.length && !over(); at += writer.width) {
    await Promise.all(
      cases.slice(at, at + writer.width).map(async (injection) => await one(injection, false)),
    )
    if (shared === undefined || batch.length >= round) await look()
    const done = Math.min(cases.length, at + writer.width)
    if (done % 12 < writer.width) say(`${done} of ${cases.length} calls failed`)
  }
  await look()
  await shared?.program.stop(2_000)
  // A run makes a call more or less than the one that was traced: what did not come could not fail.
  const struck = [...tallies].filter(([, { row }]) => row.times > 0 || row.wrong.length > 0)
  return struck.map(([call, tally]) => {
    const places = all.filter((each) => each.call === call).length
    return tally.close(tally.row.times < places ? `${tally.row.times} of ${places} places` : '')
  })
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
    run: async (context) => await failed(sidecarIn('Local'), context),
  },
  {
    name: 'syscalls-both',
    says: 'the same, in mode Both',
    lane: 'calls',
    short: false,
    run: async (context) => await failed(sidecarIn('Both', ['close', 'getdents64', 'newfstatat']), context),
  },
  {
    name: 'syscalls-recovery',
    says: 'every call on files of a sidecar that reads what a killed one left fails in turn',
    lane: 'recovery',
    short: false,
    run: async (context) => await failed(recovery, context),
  },
  {
    name: 'syscalls-store-again',
    says: 'every call on files of a collector that opens its store again fails in turn',
    lane: 'store again',
    short: false,
    run: async (context) => await failed(storeAgain, context),
  },
  {
    name: 'syscalls-store',
    says: 'every call on files of the collector’s embedded store fails in turn',
    lane: 'store',
    short: true,
    run: async (context) => await failed(store, context),
  },
]
