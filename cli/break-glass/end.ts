// `hipaa-mcp break-glass end`: ends emergency access before its time.

import { type Command, exitCodes } from '../command.ts'
import { kubeOptions, openKube } from '../kube.ts'
import { decide, grantIn } from './grants.ts'

export const end: Command = {
  name: 'break-glass end',
  summary: 'End emergency access before its time',
  operands: 'NAMESPACE/NAME',
  example: 'break-glass end clinic/bg-1a2b3c',
  options: { ...kubeOptions, json: { help: 'Print who ended it as JSON' } },
  about: 'In force within seconds. Whoever approves or reviews may do it; it cannot be taken back.',
  run: async (operands, values, screen) => {
    const { namespace, name } = grantIn('break-glass end', operands)
    const { spec } = await decide(await openKube(values), namespace, name, { end: {} })
    const endedBy = spec.end?.by ?? ''
    if (values['json'] === true) screen.out(JSON.stringify({ grant: `${namespace}/${name}`, endedBy }))
    else {
      screen.out(`Ended as ${endedBy}`)
      screen.out(`A third person reviews it: hipaa-mcp break-glass review ${namespace}/${name}`)
    }
    return exitCodes.ok
  },
}
