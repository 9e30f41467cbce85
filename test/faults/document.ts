// docs/reliability.md: its table is between two marks, and everything else in it is by hand.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { markdown } from '../bench/table.ts'
import { kafkaVersion } from '../collector/kafka/broker.ts'
import { baoProgram } from '../collector/kms/open-bao.ts'
import { isZero, type Row } from './tally.ts'

const path = join(import.meta.dirname, '../../docs/reliability.md')
const marks = ['<!-- table: written by make faults -->', '<!-- end of the table -->'] as const

/** First line of what a program says of its version; what is not there has none. */
function version(program: string, ...args: string[]): string {
  try {
    return (
      execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0] ??
      ''
    ).trim()
  } catch {
    return 'not installed'
  }
}

const packageVersion = (name: string): string =>
  `${name} ${version('dpkg-query', '-W', '-f', '${Version}', name)}`

const number = (value: number): string => value.toLocaleString('en')

type Told = { seed: number; seconds: number; rows: readonly Row[] }

function tableOf({ seed, seconds, rows }: Told): string {
  const cells = rows.map((row) => [
    row.fault,
    row.where,
    number(row.times),
    `${number(row.withoutIntent)} of ${number(row.forwarded)}`,
    `${number(row.bytesWithoutRecord)} of ${number(row.bytes)}`,
    `${number(row.lost)} of ${number(row.acknowledged)}`,
    isZero(row)
      ? row.back
      : `${row.back}. **Not as promised**: ${row.wrong[0]?.split('\n')[0] ?? 'see the counts'}`,
  ])
  const sum = (of: (row: Row) => number): string => number(rows.reduce((total, row) => total + of(row), 0))
  const processor = cpus()[0]?.model.trim() ?? 'unknown'
  return [
    `${sum(({ times }) => times)} faults in ${Math.ceil(seconds / 60)} minutes, seed ${seed}, on ${new Date().toISOString().slice(0, 10)}:`,
    `**${sum(({ withoutIntent }) => withoutIntent)}** of ${sum(({ forwarded }) => forwarded)} calls forwarded without an acknowledged intent,`,
    `**${sum(({ bytesWithoutRecord }) => bytesWithoutRecord)}** of ${sum(({ bytes }) => bytes)} bytes of results without an acknowledged record,`,
    `**${sum(({ lost }) => lost)}** of ${sum(({ acknowledged }) => acknowledged)} acknowledged records lost.`,
    '',
    markdown([
      [
        'fault',
        'where',
        'times',
        'forwarded without intent',
        'bytes without record',
        'acknowledged and lost',
        'how service came back',
      ],
      ...cells,
    ]),
    '',
    `Machine: ${cpus().length} × ${processor}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}. Node ${process.version}, ` +
      `${packageVersion('postgresql-15')}, Kafka ${kafkaVersion()}, ${packageVersion('radosgw')}, ` +
      `${packageVersion('softhsm2')}, ${version(baoProgram, 'version').split(' (')[0]}, ${packageVersion('sigsum-go')}, ${packageVersion('strace')}, ` +
      `${packageVersion('nftables')}, ${packageVersion('faketime')}.`,
  ].join('\n')
}

/** Writes the table into the document. */
export function writeDocument(told: Told): void {
  const text = readFileSync(path, 'utf8')
  const [from, to] = marks.map((mark) => text.indexOf(mark)) as [number, number]
  if (from < 0 || to < from) throw new Error(`${path} has lost its marks: ${marks.join(' and ')}`)
  writeFileSync(path, `${text.slice(0, from)}${marks[0]}\n\n${tableOf(told)}\n\n${text.slice(to)}`)
}
