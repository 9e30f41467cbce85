// `hipaa-mcp trail export`: takes a server's whole trail out of the collector, for `hipaa-mcp verify` and for other
// tools. Who takes it is recorded in the trail itself.

import { counted } from '../core/counted.ts'
import { systemNamespace } from '../core/identifiers.ts'
import { auditorCertificate } from './auditor-certificate.ts'
import { exportLines, openWay, secure } from './collector-connection.ts'
import { CannotError, type Command, exitCodes, serverOf, textOf, UsageError } from './command.ts'
import { writeExport } from './export-write.ts'
import { type Kube, kubeOptions, openKube } from './kube.ts'
import { progress } from './progress.ts'
import { convert } from './trail/convert.ts'
import { filterOptions } from './trail/filter.ts'
import { sourceOptions } from './trail/follow.ts'

/** ConfigMap that the operator publishes. */
const trust = { name: 'hipaa-mcp-trust', key: 'ca.crt' }

export const trailExport: Command = {
  name: 'trail export',
  summary: 'Export the whole trail of a server into a folder, or such a folder in a form of the field',
  operands: '[DIR]',
  options: {
    output: { value: 'PATH', short: 'o', help: 'New folder for the trail; with DIR the new file' },
    format: { value: 'FORMAT', help: 'With DIR: fhir, ocsf, csv or native' },
    ...filterOptions,
    ...sourceOptions,
    server: { value: 'NAMESPACE/NAME', help: 'Which HipaaMcpServer' },
    collector: { value: 'URL', help: 'Collector, https://…; otherwise by port-forward to its pod' },
    wait: { value: 'SECONDS', help: 'How long to wait for an approval, 600 unless set' },
    ...kubeOptions,
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
    const wait = textOf(values, 'wait') ?? '600'
    if (!/^[1-9][0-9]{0,4}$/.test(wait)) throw new UsageError('--wait wants a number of seconds')
    const kube = await openKube(values)
    const ca = await trustOf(kube)
    const { key, cert } = await auditorCertificate(kube, screen, Number(wait))
    const way = await openWay(kube, textOf(values, 'collector'))
    let records = 0
    const shown = progress(screen, () => `${records.toLocaleString('en')} records exported`)
    try {
      const socket = await secure(way, { ca, key, cert })
      const written = await writeExport(exportLines(socket, server), {
        folder,
        server: `${server.namespace}/${server.server}`,
        now: new Date().toISOString(),
        read: (count) => {
          records = count
        },
      })
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
      way.destroy()
    }
  },
}

/** The CA of this installation's programs. */
export async function trustOf(kube: Kube): Promise<string> {
  const { status, body } = await kube.request(
    'GET',
    `/api/v1/namespaces/${systemNamespace}/configmaps/${trust.name}`,
  )
  const ca = (body as { data?: { [key: string]: string } }).data?.[trust.key]
  if (status !== 200 || ca === undefined)
    throw new CannotError(
      `ConfigMap ${systemNamespace}/${trust.name} is not there for you (${status}): see that the operator runs, and ask for the ClusterRole hipaa-mcp-auditor`,
    )
  return ca
}
