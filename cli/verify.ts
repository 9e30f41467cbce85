// `hipaa-mcp verify SOURCE`: whether a trail is complete and unchanged (45 CFR 164.312(c)(1)), offline where it can be.

import { counted } from '../core/counted.ts'
import { auditorOptions } from './auditor.ts'
import { type Command, exitCodes, type Screen, textOf, UsageError } from './command.ts'
import { progress } from './progress.ts'
import { columns, wrap } from './table.ts'
import { withTrail } from './trail/open-trail.ts'
import { checkExport, type Report } from './verify/export-check.ts'
import type { Outside } from './verify/outside-check.ts'
import { isProved, pinOptions, pinsOf } from './verify/pins.ts'
import { verifyProofFile } from './verify/proof.ts'
import { verifyArchive } from './verify-archive/verify.ts'

export const verify: Command = {
  name: 'verify',
  summary: 'Verify a trail: exported, in the archive, in PostgreSQL or at the collector',
  operands: '[SOURCE]',
  example: 'verify DIR --policy policy',
  options: {
    ...pinOptions,
    // Not `data-keys`: no sealed record is opened here.
    ...auditorOptions,
    proof: {
      value: 'FILE',
      help: 'Instead of a trail: a proof of one record, of trail prove (- for standard input)',
    },
    vkey: { value: 'VKEY', help: 'With --proof: verifier key of the log, or @FILE' },
    json: { help: 'Print the report as JSON' },
  },
  about:
    'Finds changed, dropped, reordered and truncated records, chains that are missing, signatures that are missing or of another key, calls whose result is unknown and not said to be. Nothing is claimed of what happened after the export.\nWith --policy no key is believed but those of that file (C2SP tlog-policy): what its quorum of witnesses outside the cluster did not sign is a finding. With --witness the collector’s own key is pinned: whoever holds its store and keys could still have rewritten the past. With neither, every key comes from the export itself: that proves nothing, and exits 1.\nWith --earlier even somebody who has every key is found who rewrote what was there before.\nOf an archive, s3://BUCKET/PREFIX, no key of records is needed: every locked segment that the registry log names is read in the version that it names, hashed, and its Merkle tree computed anew; --policy or --witness must pin a key. AWS_REGION, AWS_ENDPOINT_URL_S3, AWS_CA_BUNDLE and the usual credentials say how it is reached.\nSOURCE is a folder; s3://BUCKET/PREFIX; postgres://USER@HOST/DATABASE, the collector’s store, with PGPASSWORD and PGSSLROOTCERT and a role that may SELECT alone; https://COLLECTOR, or collector: for a port-forward to it, which puts on record who read it. All but a folder want --server.',
  run: async (operands, values, screen) => {
    const [folder] = operands
    const proof = textOf(values, 'proof')
    if (proof !== undefined && operands.length > 0)
      throw new UsageError('verify wants one trail, or --proof and no trail')
    if (proof !== undefined) return await verifyProofFile(proof, values, screen)
    if (folder === undefined || operands.length > 1) throw new UsageError('verify wants one trail')
    if (folder.startsWith('s3://')) return await verifyArchive(folder, values, screen)
    const pins = await pinsOf(values)
    let records = 0
    const shown = progress(screen, () => `${records.toLocaleString('en')} records read`)
    const read = (more: number): void => {
      records += more
    }
    const report = await withTrail(
      folder,
      values,
      screen,
      async (source) => await checkExport({ source, ...pins, read }),
    ).finally(() => shown.done())
    const ok = isProved(report)
    if (values['json'] === true)
      screen.out(JSON.stringify({ ...report, ok, notProved: notProved[report.pinned] }, null, 2))
    else print(report, screen)
    return ok ? exitCodes.ok : exitCodes.findings
  },
}

/** What a report does not show, by what the verifier brought along. */
const notProved: { readonly [pinned in Report['pinned']]: string } = {
  policy: 'what happened after the last signature of the witnesses; that a sidecar recorded what it did',
  witness:
    'that whoever holds the collector’s store and keys did not rewrite the past: --policy shows that, by witnesses outside the cluster',
  earlier:
    'that whoever holds the collector’s store and keys did not rewrite what came after the earlier checkpoints: --policy shows that, by witnesses outside the cluster',
  nothing:
    'anything: every key was taken from the export itself, and whoever made it up signed it. Pin keys with --policy, or the collector’s with --witness',
}

function print(report: Report, screen: Screen): void {
  const { registry, chains, findings, witness, outside } = report
  const rows = [
    ['server', report.server],
    ...(witness.vkey === ''
      ? []
      : [['witness', `${witness.vkey}${witness.pinned ? '' : ' (from the export)'}`]]),
    ...(outside === undefined ? [] : [['outside', signedBy(outside)]]),
    ['registry', through(registry.records, registry.through, registry.witnessed)],
    ...chains.map((chain) => [
      'chain',
      `${nameOf(chain.origin)}, ${chain.state}: ${through(chain.records, chain.through, chain.witnessed)}${succeeds(chain)}`,
    ]),
  ]
  for (const line of columns(rows, screen.width)) screen.out(line)
  const unknown = chains.flatMap((chain) => chain.unknown)
  if (unknown.length > 0)
    for (const line of wrap(
      `${counted(unknown.length, 'call')} may have run, the result is unknown: ${unknown.slice(0, 10).join(' ')}${unknown.length > 10 ? ' …' : ''}`,
      screen.width,
    ))
      screen.out(line)
  for (const { origin, clockBack } of chains)
    if (clockBack !== undefined)
      for (const line of wrap(
        `${nameOf(origin)}: its clock went back by ${counted(clockBack.seconds, 'second')} at record ${clockBack.index}. Order is that of the chain; rely on the times of witnesses`,
        screen.width,
      ))
        screen.out(line)
  if (findings.length === 0) {
    const records = chains.reduce((sum, chain) => sum + chain.records, 0)
    const whole = `${counted(chains.length, 'chain')}, ${counted(records, 'record')}`
    const agrees = report.pinned === 'nothing'
    screen.out(agrees ? `NOT PROVED: ${whole}, which agree with each other` : `VERIFIED: ${whole}`)
    for (const line of wrap(`Not proved: ${notProved[report.pinned]}`, screen.width)) screen.out(line)
    return
  }
  screen.out(`NOT VERIFIED: ${counted(findings.length, 'finding')}`)
  for (const { where, index, says } of findings)
    for (const line of wrap(
      `${where}${index === undefined ? '' : `, record ${index}`}: ${says}`,
      screen.width,
      '  ',
    ))
      screen.out(line)
}

function signedBy({ size, time, by }: Outside): string {
  if (size === 0 || time === undefined) return 'nothing is proved by witnesses outside'
  return `${by.join(', ')} signed ${counted(size, 'record')} of the registry, by ${new Date(time * 1000).toISOString()}`
}

function through(records: number, index: number, time: number | undefined): string {
  if (records === 0) return 'no record'
  if (index < 0 || time === undefined) return `${counted(records, 'record')}, none covered by a signature`
  return `${counted(records, 'record')}, complete through index ${index}, witnessed at ${new Date(time * 1000).toISOString()}`
}

/** What its first record says of the chain before it, where the registry log has one. */
function succeeds({ before }: Report['chains'][number]): string {
  if (before === undefined) return ''
  const name = nameOf(before.origin)
  if (!before.named) return `, does not name ${name} before it`
  return `, succeeds ${name}${before.size === undefined ? '' : ` of ${counted(before.size, 'record')}`}`
}

/** Pod and restart; the server stands above. */
function nameOf(origin: string): string {
  return origin.split('/').slice(-2).join('/')
}
