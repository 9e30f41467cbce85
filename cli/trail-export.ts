// `hipaa-mcp trail export`: takes a server's whole trail out of the collector, for `hipaa-mcp verify` and for other
// tools. Who takes it is recorded in the trail itself.

import { counted } from '../core/counted.ts'
import { auditorFor } from './auditor.ts'
import { type Command, exitCodes, serverOf, textOf, UsageError } from './command.ts'
import { exportTo } from './export-to.ts'
import { progress } from './progress.ts'
import { convert } from './trail/convert.ts'
import { filterOptions } from './trail/filter.ts'
import { sourceOptions } from './trail/follow.ts'

export const trailExport: Command = {
  name: 'trail export',
  summary: 'Export the whole trail of a server into a folder, or such a folder in a form of the field',
  operands: '[DIR]',
  example: 'trail export --server clinic/ehr --output DIR',
  options: {
    output: { value: 'PATH', short: 'o', help: 'New folder for the trail; with DIR the new file' },
    format: { value: 'FORMAT', help: 'With DIR: fhir, ocsf, csv or native' },
    ...filterOptions,
    ...sourceOptions,
    server: { value: 'NAMESPACE/NAME', help: 'Which HipaaMcpServer' },
    json: { help: 'Print what was exported as JSON' },
  },
  about: `Needs the right to create CertificateSigningRequests. They are approved with your own rights; where you have none, the command says who must and waits. Records hold hashes and sealed tokens, never content; keep the folder as you keep other evidence all the same.\nWith DIR nothing is asked of a cluster: the trail in that folder is read, filtered and written to one new file, one line an event. fhir is R4 AuditEvent by IHE BALP, one for each patient; ocsf is OCSF 1.8.0; native is what trail --json prints. The file has the names of patients if --key is given: mode 600. Of a trail that does not verify no file is left.`,
  run: async (operands, values, screen) => {
    if (operands.length > 0) return await convert(operands, values, screen)
    if (textOf(values, 'format') !== undefined)
      throw new UsageError('--format wants the folder of a trail: export it first, without --format')
    const server = serverOf(textOf(values, 'server'))
    const folder = textOf(values, 'output')
    if (folder === undefined) throw new UsageError('--output wants a new folder')
    const auditor = await auditorFor(values, screen)
    let records = 0
    const shown = progress(screen, () => `${records.toLocaleString('en')} records exported`)
    const read = (count: number): void => {
      records = count
    }
    try {
      const written = await exportTo(auditor, { folder, server, read })
      if (values['json'] === true) screen.out(JSON.stringify({ folder, ...written }, null, 2))
      else {
        screen.out(
          `${counted(written.records, 'record')} of ${counted(written.chains, 'chain')} and the registry log are in ${folder}`,
        )
        screen.out('Witness; keep it apart from the export, to pin it with verify --witness:')
        screen.out(`  ${written.witness}`)
        screen.out(`Next: hipaa-mcp verify ${folder} --witness ${written.witness}`)
      }
      return exitCodes.ok
    } finally {
      shown.done()
    }
  },
}
