// make bench: the sidecar beside Debian's nginx on the same work, in one run; writes docs/performance.md.
//
//   node test/bench/bench.ts [--rounds 3] [--seconds 7] [--no-write]

import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { cpus, loadavg, release } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { asInImage } from './as-in-image.ts'
import { egressFigures } from './egress-rows.ts'
import { underLoad } from './loading.ts'
import { saidOf } from './other-report.ts'
import { type OtherFigures, otherFigures } from './other-rows.ts'
import { otherWork } from './other-work.ts'
import { cores, residentBytes, start } from './process.ts'
import type { RedactionRound } from './redaction-report.ts'
import { bundleMemory, compileMilliseconds, redactionFigures } from './redaction-rows.ts'
import { type Figures, own, report, yardstick } from './report.ts'
import { type Target, targets } from './targets.ts'
import { tidying } from './tidying.ts'
import { verifyFigures } from './verify-rows.ts'
import { workAndTokens } from './work.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '7' },
    'no-write': { type: 'boolean', default: false },
  },
})
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)]
const warm = Math.min(3, seconds)
/** Calls a second of the latency runs. */
const rate = 500

/** One target, once: as fast as it goes for processor time, on a clock for latency. */
async function measure(target: Target, file: string): Promise<Figures> {
  const { pid, origin, stop } = await target.start()
  try {
    const most = await underLoad({ file, origin, rate: 0, seconds, warm }, pid)
    const memory = pid === undefined ? 0 : await residentBytes(pid)
    // It is warm by now, but for the connections.
    const steady = await underLoad({ file, origin, rate, seconds, warm: warm / 3 })
    return {
      microseconds: (most.used / most.calls) * 1e6,
      perSecond: most.calls / most.seconds,
      p50: steady.p50,
      p99: steady.p99,
      memory,
    }
  } finally {
    await stop()
  }
}

/** What else ran: with more than a few tenths the figures are of a machine that was busy with others. */
const beside = `load average ${(loadavg()[0] ?? 0).toFixed(1)} before the run`
const says = (line: string): void => console.error(line)

await tidying(async (folder) => {
  const file = join(folder, 'work.json')
  // The policy names the upstream's port, so it is chosen before the upstream starts.
  const port = 20_000 + (process.pid % 10_000)
  const { work, token } = await workAndTokens(port)
  await writeFile(file, JSON.stringify(work))
  const upstream = start(cores.others, process.execPath, [
    join(import.meta.dirname, 'upstream.ts'),
    file,
    String(port),
  ])
  await upstream.line()
  const measured = new Map<string, Figures[]>()
  const others: OtherFigures[] = []
  const redaction: RedactionRound[] = []
  const place = { folder, file, work, upstreamPort: port, image: await asInImage(folder) }
  const all = targets(place)
  for (let round = 1; round <= rounds; round++) {
    for (const target of all) {
      const figures = await measure(target, file)
      measured.set(target.name, [...(measured.get(target.name) ?? []), figures])
      says(
        `round ${round}/${rounds}  ${target.name.padEnd(34)} ${figures.microseconds.toFixed(1)} µs CPU a call, ` +
          `${figures.perSecond.toFixed(0)}/s at most, p50 ${figures.p50.toFixed(2)} ms, p99 ${figures.p99.toFixed(2)} ms, ${(figures.memory / 1e6).toFixed(0)} MB`,
      )
    }
    const last = (name: string): Figures => (measured.get(name) as Figures[]).at(-1) as Figures
    const before = { nginx: last(yardstick).microseconds, perSecond: last(own.Local).perSecond }
    const other = await otherFigures({ ...place, token, before })
    others.push(other)
    says(`round ${round}/${rounds}  ${saidOf(other)}`)
    const compile = compileMilliseconds(otherWork(work).list.policy)
    redaction.push({ rows: redactionFigures(), memory: bundleMemory(), compile })
  }
  const nginx = spawnSync('nginx', ['-v'], { encoding: 'utf8' }).stderr.trim().replace('nginx version: ', '')
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Linux ${release()}, Node ${process.version}, ${nginx}, ${beside}`
  const verified = await verifyFigures()
  const egress = await egressFigures(folder)
  const text = report({ machine, rounds, seconds, rate, measured, others, redaction, verified, egress, work })
  console.log(text.table)
  if (!values['no-write']) {
    await writeFile(join(import.meta.dirname, '..', '..', 'docs', 'performance.md'), text.document)
    says('wrote docs/performance.md')
  }
})
