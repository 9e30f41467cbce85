// `hipaa-mcp verify DIR`: whether an exported trail is complete and unchanged (45 CFR 164.312(c)(1)), offline.

import { counted } from '../core/counted.ts'
import { type Command, exitCodes, type Screen, serverOf, textOf, UsageError } from './command.ts'
import { progress } from './progress.ts'
import { columns, wrap } from './table.ts'
import { earlierIn } from './verify/earlier.ts'
import { checkExport, type Report } from './verify/export-check.ts'
import { verifyProofFile } from './verify/proof.ts'

export const verify: Command = {
  name: 'verify',
  summary: 'Verify an exported trail, offline',
  operands: '[DIR]',
  options: {
    server: { value: 'NAMESPACE/NAME', help: 'Demand that it is the trail of this server' },
    witness: { value: 'VKEY', help: 'Verifier key of the witness, from a source other than the export' },
    earlier: { value: 'PATH', help: 'Checkpoint or export kept from before: the trail must go on from it' },
    proof: {
      value: 'FILE',
      help: 'Instead of a trail: a proof of one record, of trail prove (- for standard input)',
    },
    vkey: { value: 'VKEY', help: 'With --proof: verifier key of the log, or @FILE' },
    json: { help: 'Print the report as JSON' },
  },
  about:
    'Finds changed, dropped, reordered and truncated records, chains that are missing, signatures that are missing or of another key, calls whose result is unknown and not said to be. Nothing is claimed of what happened after the export.\nWithout --witness the witness’s key is taken from the export itself: whoever could change the export and sign with keys of their own would not be found. Keep the key that an earlier export printed.\nWith --earlier even somebody who has every key is found who rewrote what was there before.',
  run: async (operands, values, screen) => {
    const [folder] = operands
    const proof = textOf(values, 'proof')
    if (proof !== undefined && operands.length > 0)
      throw new UsageError('verify wants one folder, or --proof and no folder')
    if (proof !== undefined) return await verifyProofFile(proof, values, screen)
    if (folder === undefined || operands.length > 1) throw new UsageError('verify wants one folder')
    const server = textOf(values, 'server')
    if (server !== undefined) serverOf(server)
    const witness = textOf(values, 'witness')
    const kept = textOf(values, 'earlier')
    const earlier = kept === undefined ? undefined : await earlierIn(kept)
    let records = 0
    const shown = progress(screen, () => `${records.toLocaleString('en')} records read`)
    const report = await checkExport({
      folder,
      ...(server === undefined ? {} : { server }),
      ...(witness === undefined ? {} : { witness }),
      ...(earlier === undefined ? {} : { earlier }),
      read: () => {
        records += 1
      },
    }).finally(() => shown.done())
    if (values['json'] === true) screen.out(JSON.stringify(report, null, 2))
    else print(report, screen)
    return report.ok ? exitCodes.ok : exitCodes.findings
  },
}

function print(report: Report, screen: Screen): void {
  const { registry, chains, findings, witness } = report
  const rows = [
    ['server', report.server],
    ['witness', `${witness.vkey}${witness.pinned ? '' : ' (taken from the export: pin it with --witness)'}`],
    ['registry', through(registry.records, registry.through, registry.witnessed)],
    ...chains.map((chain) => [
      'chain',
      `${nameOf(chain.origin)}, ${chain.state}: ${through(chain.records, chain.through, chain.witnessed)}`,
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
  if (findings.length === 0) {
    const records = chains.reduce((sum, chain) => sum + chain.records, 0)
    screen.out(`VERIFIED: ${counted(chains.length, 'chain')}, ${counted(records, 'record')}`)
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

function through(records: number, index: number, time: number | undefined): string {
  if (records === 0) return 'no record'
  if (index < 0 || time === undefined) return `${counted(records, 'record')}, none covered by a signature`
  return `${counted(records, 'record')}, complete through index ${index}, witnessed at ${new Date(time * 1000).toISOString()}`
}

/** Pod and restart; the server stands above. */
function nameOf(origin: string): string {
  return origin.split('/').slice(-2).join('/')
}
