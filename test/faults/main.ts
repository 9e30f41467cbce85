// `make faults`: every fault that the trail must outlive, against the real programs, and what was lost. Writes the table of
// docs/reliability.md. Exits 1 when any count is not zero.
//
//   node test/faults/main.ts [--short] [--only NAME]... [--seed N] [--minutes N] [--list] [--json FILE] [--no-document]
//
// All of it runs in namespaces of its own (network, mounts, processes): whatever it starts, mounts or drops ends with it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seeded } from '../sample/random.ts'
import { clockFaults } from './clocks.ts'
import { noneCounted } from './counts.ts'
import { diskFaults } from './disks.ts'
import { writeDocument } from './document.ts'
import { engineFaults } from './engines.ts'
import type { Fault } from './fault.ts'
import { killFaults } from './killed.ts'
import { aWorld, Late, Scene } from './scene.ts'
import { sectorFaults } from './sectors.ts'
import { syscallFaults } from './syscalls.ts'
import { isZero, type Row } from './tally.ts'

const faults: readonly Fault[] = [
  ...killFaults,
  ...engineFaults,
  ...syscallFaults,
  ...diskFaults,
  ...clockFaults,
  ...sectorFaults,
]

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string' },
    minutes: { type: 'string' },
    list: { type: 'boolean', default: false },
    json: { type: 'string' },
    'no-document': { type: 'boolean', default: false },
    inside: { type: 'boolean', default: false },
  },
})

if (values.list) {
  for (const { name, says } of faults) console.log(`${name.padEnd(24)} ${says}`)
  process.exit(0)
}
const chosen = faults.filter(({ name, short }) =>
  values.only.length === 0 ? !values.short || short : values.only.some((wanted) => name.startsWith(wanted)),
)
if (chosen.length === 0) {
  console.error(`no such fault: ${values.only.join(', ')}. node test/faults/main.ts --list names them`)
  process.exit(2)
}

if (!values.inside) {
  if (process.getuid?.() !== 0) {
    console.error('make faults makes namespaces and mounts: run it as root, for example with sudo -E')
    process.exit(2)
  }
  const own = ['--net', '--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc', '--']
  const again = [process.execPath, import.meta.filename, '--inside', ...process.argv.slice(2)]
  // The shell stays: as the first process of the namespace it takes in those whose parents have ended.
  const up = ['sh', '-c', 'ip link set lo up; "$@"; exit $?', 'faults']
  // Its folders are in one that goes with it, however it ends; PostgreSQL's own user must get through.
  const base = mkdtempSync(join(tmpdir(), 'hipaa-mcp-faults-'))
  chmodSync(base, 0o755)
  const child = spawn('unshare', [...own, ...up, ...again], {
    stdio: 'inherit',
    env: { ...process.env, TMPDIR: base },
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill('SIGKILL'))
  const [code] = (await once(child, 'exit')) as [number | null]
  rmSync(base, { recursive: true, force: true })
  process.exit(code ?? 1)
}

/** Lanes at a time. */
const atOnce = availableParallelism() + 6
/** No further case begins after so many minutes of a whole run: what was not reached is told. */
const usualMinutes = 34

const seed = Number(values.seed ?? Math.floor(Date.now() / 86_400_000))
const began = performance.now()
const stamp = (): string => `${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s`
const over = (): boolean => performance.now() - began > Number(values.minutes ?? usualMinutes) * 60_000
console.log(`${chosen.length} kinds of faults, seed ${seed}`)

/** Runs one kind of fault, on a world of its own. Once more where it could not go on for want of an answer in time. */
async function runOne(fault: Fault, again = false): Promise<Row[]> {
  const { name, run } = fault
  const say = (line: string): void => console.log(`${stamp()}  ${name}: ${line}`)
  say(again ? `begins again, seed ${seed}` : 'begins')
  const world = await aWorld(compiled)
  try {
    const random = seeded(seed + faults.indexOf(fault))
    const made = await run({ world, seed, random, short: values.short, over, say })
    if (again) for (const row of made) row.back = `at the second try, the first found no answer; ${row.back}`
    for (const row of made) say(`${isZero(row) ? 'zero' : 'NOT ZERO'}  ${lineOf(row)}`)
    return made
  } catch (error) {
    console.error(error)
    if (again || !(error instanceof Late)) return [broken(name, error)]
  } finally {
    world.end()
  }
  return await runOne(fault, true)
}

// Node writes what it compiled when a program ends by itself, which hardly one does below.
const compiled = mkdtempSync(join(tmpdir(), 'hipaa-mcp-faults-compiled-'))
const first = await aWorld(compiled)
const warm = await Scene.start(first, { mode: 'Local' })
await warm.closeSidecar()
await warm.end()
first.end()

// Side by side, since many faults are waited for; those of one lane one after the other, and not more lanes than that each
// gets something of the machine.
const made = new Map<Fault, Row[]>()
const lanes = [...Map.groupBy(chosen, ({ lane }) => lane).values()]
async function runLanes(): Promise<void> {
  for (let those = lanes.shift(); those !== undefined; those = lanes.shift())
    for (const fault of those) made.set(fault, await runOne(fault))
}
await Promise.all(Array.from({ length: atOnce }, runLanes))
rmSync(compiled, { recursive: true, force: true })
const rows = chosen.flatMap((fault) => made.get(fault) ?? [])

function lineOf(row: Row): string {
  return (
    `${row.fault}, ${row.where}: ${row.times} times; ${row.withoutIntent} of ${row.forwarded} forwarded without intent, ` +
    `${row.bytesWithoutRecord} of ${row.bytes} bytes without record, ${row.lost} of ${row.acknowledged} lost. ${row.back}` +
    row.wrong
      .slice(0, 3)
      .map((what) => `\n          ${what}`)
      .join('')
  )
}

/** A kind of fault whose run itself ended early. */
function broken(name: string, error: unknown): Row {
  return { fault: name, where: '', times: 0, ...noneCounted, back: 'not known', wrong: [String(error)] }
}

const seconds = (performance.now() - began) / 1000
const wrong = rows.filter((row) => !isZero(row))
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ seed, seconds, rows }, null, 2))
if (values.only.length === 0 && !values.short && !values['no-document'])
  writeDocument({ seed, seconds, rows })
const sum = (key: 'times' | 'withoutIntent' | 'bytesWithoutRecord' | 'lost'): number =>
  rows.reduce((total, row) => total + row[key], 0)
console.log(
  `${stamp()}  ${sum('times')} faults: ${sum('withoutIntent')} calls forwarded without an acknowledged intent, ` +
    `${sum('bytesWithoutRecord')} bytes of results without an acknowledged record, ${sum('lost')} acknowledged records lost` +
    (wrong.length === 0 ? '' : `; ${wrong.length} rows are NOT what is promised`),
)
process.exit(wrong.length === 0 ? 0 : 1)
