// The engines on which an acknowledgement hangs, and those on which none may: killed, hung, partitioned, cut off, slow, and
// such as did what they were asked and could not say so, at each step of an exchange.

import { setTimeout as sleep } from 'node:timers/promises'
import { compared, keptBy } from './counts.ts'
import { answered, type Context, type Fault } from './fault.ts'
import { type Gate, type Step, steps } from './gate.ts'
import { dropNoMore, dropPort } from './partition.ts'
import type { Scene } from './scene.ts'
import { type Setting, settings } from './settings.ts'
import { type Row, Tally } from './tally.ts'

/** What is struck. */
export type Engine = {
  where: string
  /** Nothing may be acknowledged while it is away. */
  gates: boolean
  /** But what it gave before lasts for so long, milliseconds. */
  lasts?: number
  /** Between it and whoever asks it; absent where there is no network between. */
  gate?: Gate
  kill: () => Promise<void> | void
  revive: () => Promise<void> | void
  hang: () => Promise<void> | void
  resume: () => Promise<void> | void
  /** Other ways to strike it. */
  more?: readonly Act[]
}

type Act = {
  fault: string
  strike: (engine: Engine) => Promise<void> | void
  undo: (engine: Engine) => Promise<void> | void
  /** Steps at which it strikes; one of its own choice where there is one only. */
  at: readonly Step[]
  /** Whether an engine so struck is away. */
  away: boolean
  /** Of an engine so struck, where it is otherwise than usual. */
  gates?: boolean
  lasts?: number
  /** How long, seconds: of each step in turn. */
  seconds: readonly number[]
  needsGate?: true
  /** In the short form too. */
  short?: true
}

// Shorter and longer than what a sidecar waits for its collector (4 s) and a collector for its store (10 s).
const lengths = [3, 11, 5]

const acts: readonly Act[] = [
  {
    fault: 'kill -9',
    strike: async (engine) => await engine.kill(),
    undo: async (engine) => await engine.revive(),
    at: steps,
    away: true,
    seconds: [2, 4, 3],
  },
  {
    fault: 'hung (SIGSTOP)',
    strike: async (engine) => await engine.hang(),
    undo: async (engine) => await engine.resume(),
    at: steps,
    away: true,
    seconds: lengths,
    short: true,
  },
  {
    fault: 'partitioned (packets dropped)',
    strike: ({ gate }) => dropPort(gate?.port ?? 0),
    undo: ({ gate }) => dropNoMore(gate?.port ?? 0),
    at: steps,
    away: true,
    seconds: lengths,
    needsGate: true,
  },
  {
    fault: 'did it, and no answer came back',
    strike: ({ gate }) => gate?.set('deaf'),
    undo: ({ gate }) => {
      gate?.cut()
      gate?.set('well')
    },
    at: ['before it was sent', 'sent, not answered'],
    away: true,
    seconds: [3, 6],
    needsGate: true,
    short: true,
  },
  {
    fault: 'connections cut',
    strike: ({ gate }) => gate?.cut(),
    undo: () => undefined,
    at: steps,
    away: false,
    seconds: [0, 0, 0],
    needsGate: true,
  },
  {
    fault: 'slow (400 ms a piece)',
    strike: ({ gate }) => gate?.set('slow'),
    undo: ({ gate }) => gate?.set('well'),
    at: ['before it was sent'],
    away: false,
    seconds: [5],
    needsGate: true,
  },
]

/** An engine that is asked seldom is struck between two exchanges after so long, milliseconds. */
const patience = 6_000
/** What was sent on its way before an engine was struck may still arrive, milliseconds. */
const grace = 1_000

async function struck(
  { engine, scene }: Setting,
  act: Act,
  at: number,
  tally: Tally,
  context: Context,
): Promise<void> {
  const { server } = scene.world
  const { callers } = scene
  callers.begin(6)
  await sleep(200)
  const step = act.at[at] as Step
  const strike = async (): Promise<void> => await act.strike(engine)
  if (engine.gate === undefined) await strike()
  else await engine.gate.at(step, strike, patience)
  const length = (act.seconds[at] ?? 0) * 1_000
  const { gates, lasts = grace } = { ...engine, ...act }
  const first = Math.min(length, lasts)
  await sleep(first)
  const [seen, before] = [server.seen.size, callers.answers.length]
  await sleep(length - first)
  if (act.away && gates && length > lasts) {
    // Whatever the trail says later: at that time nothing could have been acknowledged.
    tally.row.withoutIntent += server.seen.size - seen
    for (const { bytes } of callers.answers.slice(before)) tally.row.bytesWithoutRecord += bytes
  }
  if (act.away && length > lasts) tally.meanwhile(callers.answers.length - before, lasts > grace ? lasts : 0)
  await act.undo(engine)
  tally.happened(await answered(scene, tally, context))
  await callers.stop()
}

/** What could not be undone shows in what comes next. */
async function undone(act: Act, engine: Engine): Promise<void> {
  try {
    await act.undo(engine)
  } catch (error) {
    console.error(error)
  }
}

async function ended({ end }: Setting): Promise<void> {
  try {
    await end()
  } catch (error) {
    console.error(error)
  }
}

async function run(name: string, context: Context): Promise<Row[]> {
  const { world, short, say } = context
  const setting = await (settings[name] as (typeof settings)[string])(context)
  const { engine, scene } = setting
  const wanted = [...acts, ...(engine.more ?? [])].filter(
    ({ needsGate, short: alsoShort }) =>
      (needsGate === undefined || engine.gate !== undefined) && (!short || alsoShort === true),
  )
  const seen: { tally: Tally; callers: Scene['callers'][] }[] = []
  try {
    for (const act of wanted) {
      const tally = new Tally(act.fault, engine.where)
      const callers: Scene['callers'][] = []
      seen.push({ tally, callers })
      const places = short ? [act.at.length - 1] : act.at.keys()
      for (const at of places) {
        await scene.changeCallers()
        callers.push(scene.callers)
        try {
          await struck(setting, act, at, tally, context)
        } catch (error) {
          tally.row.wrong.push(`${act.fault}, ${act.at[at]}: ${String(error)}`)
          say(String(error))
          await undone(act, engine)
          await scene.answers().catch(() => undefined)
        }
      }
      say(`${act.fault}: ${tally.row.times} times`)
    }
    await scene.closeSidecar()
    await scene.collector.ready(60_000)
    const { records, findings, witness } = await keptBy(world, scene.collector)
    for (const { tally, callers } of seen)
      for (const each of callers) tally.count({ ...compared(world, each, records), findings: [] })
    const more = (await setting.settled?.(witness)) ?? []
    seen[0]?.tally.row.wrong.push(...findings, ...more)
  } finally {
    await scene.end()
    await ended(setting)
  }
  return seen.map(({ tally }) => tally.close())
}

/** Those of the sample: each kind of exchange that an acknowledgement may hang on. */
const shortSettings: ReadonlySet<string> = new Set(['collector-stream', 'collector-both', 'kms-openbao'])

export const engineFaults: Fault[] = Object.keys(settings).map((name) => ({
  name,
  says: `${name}: killed, hung, partitioned, silent, slow, at each step`,
  lane: name,
  short: shortSettings.has(name),
  run: async (context) => await run(name, context),
}))
