// make bench: the sidecar beside Debian's nginx on the same work, in one run; writes docs/performance.md.
//
//   node test/bench/bench.ts [--rounds 3] [--seconds 7] [--no-write]

import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { cpus, loadavg, release } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { figuresOf, saidOf as saidOfCalls } from './calls-rows.ts'
import { egressFigures } from './egress-rows.ts'
import { saidOf } from './other-report.ts'
import { type OtherFigures, otherFigures } from './other-rows.ts'
import { otherWork } from './other-work.ts'
import { aPlace } from './place.ts'
import type { RedactionRound } from './redaction-report.ts'
import { bundleMemory, compileMilliseconds, redactionFigures } from './redaction-rows.ts'
import { type Figures, own, report } from './report.ts'
import { targets } from './targets.ts'
import { tidying } from './tidying.ts'
import { verifyFigures } from './verify-rows.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '7' },
    'no-write': { type: 'boolean', default: false },
  },
})
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)]

/** What else ran: with more than a few tenths the figures are of a machine that was busy with others. */
const beside = `load average ${(loadavg()[0] ?? 0).toFixed(1)} before the run`
const says = (line: string): void => console.error(line)

await tidying(async (folder) => {
  const place = await aPlace(folder)
  const { work } = place
  const measured = new Map<string, Figures[]>()
  const others: OtherFigures[] = []
  const redaction: RedactionRound[] = []
  const all = targets(place)
  for (let round = 1; round <= rounds; round++) {
    for (const target of all) {
      const figures = await figuresOf(target, place.file, seconds)
      measured.set(target.name, [...(measured.get(target.name) ?? []), figures])
      says(`round ${round}/${rounds}  ${saidOfCalls(target.name, figures)}`)
    }
    const last = (name: string): Figures => (measured.get(name) as Figures[]).at(-1) as Figures
    const other = await otherFigures(place, last(own.Local).perSecond)
    others.push(other)
    says(`round ${round}/${rounds}  ${saidOf(other)}`)
    const compile = compileMilliseconds(otherWork(work).list.policy)
    redaction.push({ rows: redactionFigures(), memory: bundleMemory(), compile })
  }
  const nginx = spawnSync('nginx', ['-v'], { encoding: 'utf8' }).stderr.trim().replace('nginx version: ', '')
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Linux ${release()}, Node ${process.version}, ${nginx}, ${beside}`
  const verified = await verifyFigures()
  const egress = await egressFigures(folder)
  const text = report({ machine, rounds, seconds, measured, others, redaction, verified, egress, work })
  console.log(text.table)
  if (!values['no-write']) {
    await writeFile(join(import.meta.dirname, '..', '..', 'docs', 'performance.md'), text.document)
    says('wrote docs/performance.md')
  }
})
