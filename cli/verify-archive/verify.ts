// `hipaa-mcp verify s3://bucket/prefix`: whether what lies in the archive is what was sealed, and under its lock.

import { locationOf } from '../../core/archive/location.ts'
import { counted } from '../../core/counted.ts'
import { exitCodes, type Screen, serverOf, textOf, UsageError, type Values } from '../command.ts'
import { progress } from '../progress.ts'
import { columns, wrap } from '../table.ts'
import { witnessOf } from '../verify/pins.ts'
import { policyIn } from '../verify/policy-file.ts'
import { type ArchiveReport, type ArchiveWanted, checkArchive } from './check.ts'
import { openReader, reachOf } from './reader.ts'

/** What no look at the archive can show. */
const notProved =
  'what happened after the newest checkpoint in the archive; that a sidecar recorded what it did; what the sealed records say, which takes their key'

/** Resolves to the exit code. */
export async function verifyArchive(source: string, values: Values, screen: Screen): Promise<number> {
  const location = locationOf(source)
  if (location === undefined) throw new UsageError('an archive is s3://bucket/prefix')
  for (const name of ['earlier', 'proof', 'vkey'])
    if (values[name] !== undefined)
      throw new UsageError(`--${name} goes with an exported folder, not with an archive`)
  const server = textOf(values, 'server')
  if (server !== undefined) serverOf(server)
  const pins = await archivePins(values)
  const reader = await openReader(location, reachOf(process.env))
  let records = 0
  const shown = progress(screen, () => `${records.toLocaleString('en')} records read`)
  const report = await checkArchive({
    reader,
    location,
    ...(server === undefined ? {} : { server }),
    ...pins,
    read: (more) => {
      records += more
    },
    now: Date.now(),
  }).finally(() => shown.done())
  if (values['json'] === true) screen.out(JSON.stringify({ ...report, notProved }, null, 2))
  else print(report, screen)
  return report.ok ? exitCodes.ok : exitCodes.findings
}

/** The keys of the verifier's own by which an archive is read: without any there is nothing to believe. */
export async function archivePins(values: Values): Promise<Pick<ArchiveWanted, 'policy' | 'witness'>> {
  const trusted = textOf(values, 'policy')
  const policy = trusted === undefined ? undefined : await policyIn(trusted)
  const witness = await witnessOf(values)
  if (policy === undefined && witness === undefined)
    throw new UsageError(
      'an archive is verified by keys of your own: give --policy FILE or --witness VKEY, from a source other than the bucket',
    )
  return {
    ...(policy === undefined ? {} : { policy }),
    ...(witness === undefined ? {} : { witness }),
  }
}

function print({ source, registry, outside, chains, findings }: ArchiveReport, screen: Screen): void {
  const { records, through, witnessed } = registry
  const by = witnessed === undefined ? '' : `, witnessed at ${new Date(witnessed * 1000).toISOString()}`
  const rows = [
    ['archive', source],
    ['registry', records === 0 ? 'nothing that is signed' : `complete through index ${through}${by}`],
    ...(outside?.time === undefined
      ? []
      : [
          [
            'outside',
            `${outside.by.join(', ')} signed ${counted(outside.size, 'record')} of it, by ${new Date(outside.time * 1000).toISOString()}`,
          ],
        ]),
    ...chains.map(({ origin, state, segments, records: held, waiting, until }) => [
      'chain',
      `${origin.split('/').slice(1).join('/')}, ${state}: ${counted(segments, 'segment')}, ${counted(held, 'record')}${
        until === undefined ? '' : `, locked until ${until}`
      }${waiting === 0 ? '' : `, ${waiting} not archived yet`}`,
    ]),
  ]
  for (const line of columns(rows, screen.width)) screen.out(line)
  const held = chains.reduce((sum, chain) => sum + chain.records, 0)
  screen.out(
    findings.length === 0
      ? `VERIFIED: ${counted(chains.length, 'chain')}, ${counted(held, 'record')}, under lock`
      : `NOT VERIFIED: ${counted(findings.length, 'finding')}`,
  )
  for (const { where, index, says } of findings)
    for (const line of wrap(
      `${where}${index === undefined ? '' : `, record ${index}`}: ${says}`,
      screen.width,
      '  ',
    ))
      screen.out(line)
  for (const line of wrap(`Not proved: ${notProved}`, screen.width)) screen.out(line)
}
