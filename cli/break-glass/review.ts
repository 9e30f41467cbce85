// `hipaa-mcp break-glass review`: writes down whether emergency access was right.

import { type Command, exitCodes, textOf, UsageError } from '../command.ts'
import { kubeOptions, openKube } from '../kube.ts'
import { decide, grantIn } from './grants.ts'

const findings = ['Justified', 'NotJustified']

export const review: Command = {
  name: 'break-glass review',
  summary: 'Write down whether emergency access was right',
  operands: 'NAMESPACE/NAME',
  example: 'break-glass review clinic/bg-1a2b3c --finding Justified',
  options: {
    finding: { value: 'FINDING', help: 'Justified or NotJustified' },
    note: { value: 'TEXT', help: 'What was looked at, without names and diagnoses' },
    ...kubeOptions,
    json: { help: 'Print who reviewed it as JSON' },
  },
  about:
    'Within 72 hours of its end, by a person who neither asked nor approved. Look at what was done first: hipaa-mcp trail export, then the records whose intent names the grant; of a grant for pods: the records pod-entered (hipaa-mcp activity). NotJustified is presumed a breach until assessed (45 CFR 164.402). Needs the verb review on breakglassgrants: ClusterRole hipaa-mcp-privacy-officer.',
  run: async (operands, values, screen) => {
    const { namespace, name } = grantIn('break-glass review', operands)
    const finding = textOf(values, 'finding')
    if (finding === undefined || !findings.includes(finding))
      throw new UsageError('--finding wants Justified or NotJustified')
    const note = textOf(values, 'note')
    const { spec } = await decide(await openKube(values), namespace, name, {
      review: { finding, ...(note === undefined ? {} : { note }) },
    })
    const reviewedBy = spec.review?.by ?? ''
    if (values['json'] === true)
      screen.out(JSON.stringify({ grant: `${namespace}/${name}`, finding, reviewedBy }))
    else {
      screen.out(`Reviewed as ${reviewedBy}: ${finding}`)
      if (finding === 'NotJustified')
        screen.out(
          'Assess it as a breach now: the clock of 45 CFR 164.404 runs from the day it was discovered.',
        )
    }
    return exitCodes.ok
  },
}
