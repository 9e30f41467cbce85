// `hipaa-mcp break-glass approve`: lets the emergency access that another person asked for begin.

import { counted } from '../../core/counted.ts'
import type { BreakGlassGrant } from '../../crds/breakglassgrant.generated.ts'
import { type Command, exitCodes } from '../command.ts'
import { kubeOptions, openKube } from '../kube.ts'
import { decide, grantIn, readGrant } from './grants.ts'

export const approve: Command = {
  name: 'break-glass approve',
  summary: 'Approve the emergency access that another person asked for',
  operands: 'NAMESPACE/NAME',
  example: 'break-glass approve clinic/bg-1a2b3c',
  options: { ...kubeOptions, json: { help: 'Print who approved and until when as JSON' } },
  about:
    'It begins at once and ends by itself. You cannot approve what you asked for yourself, nor access of your own. Needs the verb approve on breakglassgrants: ClusterRole hipaa-mcp-approver; for pods approve-entry: hipaa-mcp-entry-approver.',
  run: async (operands, values, screen) => {
    const { namespace, name } = grantIn('break-glass approve', operands)
    const kube = await openKube(values)
    const { metadata, spec } = await readGrant(kube, namespace, name)
    if (values['json'] !== true)
      screen.note(
        `${spec.requestedBy ?? 'somebody'} asks for ${whatOf(spec)} of ${namespace}/${spec.server} for ${counted(spec.minutes, 'minute')}. ${spec.reason}`,
      )
    const { spec: approved } = await decide(kube, namespace, name, { approval: {} }, metadata.uid)
    const by = approved.approval?.by ?? ''
    const begins = Date.parse(approved.approval?.at ?? '')
    const until = new Date(begins + approved.minutes * 60_000).toISOString().replace(/\.\d+Z$/, 'Z')
    if (values['json'] === true)
      screen.out(JSON.stringify({ grant: `${namespace}/${name}`, approvedBy: by, until }))
    else {
      screen.out(`Approved as ${by}: it ends by itself at ${until}`)
      screen.out(`Sooner: hipaa-mcp break-glass end ${namespace}/${name}`)
    }
    return exitCodes.ok
  },
}

/** Whom it lets in, and where to. */
function whatOf({ subject, patients, pods }: BreakGlassGrant['spec']): string {
  return pods === undefined
    ? `${subject?.sub ?? 'nobody'}: ${counted(patients?.length ?? 0, 'patient')}`
    : `${pods.user}, who enters by ${pods.ways.join(', ')} and sees all that is there: pods ${pods.names.join(', ')}, which ${pods.afterwards === 'KeepPod' ? 'stay when it ends, with sessions that are open' : 'go when it ends, where they were entered'}`
}
