// `hipaa-mcp break-glass request`: asks for emergency access, for another person to approve.

import { randomBytes } from 'node:crypto'
import { counted } from '../../core/counted.ts'
import { apiVersion } from '../../core/identifiers.ts'
import type { BreakGlassGrant } from '../../crds/breakglassgrant.generated.ts'
import { type Command, exitCodes, serverOf, textOf, UsageError } from '../command.ts'
import { kubeOptions, openKube } from '../kube.ts'
import { linesFrom } from '../lines.ts'
import { grantsPath, refused } from './grants.ts'

type Ways = NonNullable<BreakGlassGrant['spec']['pods']>['ways']

export const request: Command = {
  name: 'break-glass request',
  summary: 'Ask for emergency access to named patients, or into named pods, for another person to approve',
  operands: '',
  options: {
    server: { value: 'NAMESPACE/NAME', help: 'Which HipaaMcpServer' },
    issuer: { value: 'URL', help: 'Issuer of the person’s tokens (iss)' },
    sub: { value: 'SUB', help: 'The person who will call (sub; Entra: oid)' },
    patients: { value: 'FILE', help: 'Identifiers, one a line; - reads standard input' },
    pods: { value: 'NAMES', help: 'Instead of patients: pods of the server to enter, with commas between' },
    user: { value: 'USER', help: 'With --pods: who enters, as the cluster knows them' },
    ways: {
      value: 'WAYS',
      help: 'With --pods: Exec, Attach, PortForward, EphemeralContainers; Exec unless set',
    },
    reason: { value: 'TEXT', help: 'Why it cannot wait, without names and diagnoses' },
    minutes: { value: 'NUMBER', help: 'How long from the approval on, 1 to 60; 30 unless set' },
    name: { value: 'NAME', help: 'Name of the grant; otherwise made up' },
    ...kubeOptions,
    json: { help: 'Print the grant’s name as JSON' },
  },
  about:
    'Patients are read from a file, since a command line ends in histories. Nothing is open before another person approves; the calls themselves then state the purpose BTG or ETREAT, after a login of the last five minutes.',
  run: async (operands, values, screen) => {
    if (operands.length > 0) throw new UsageError('break-glass request takes options only')
    const { namespace, server } = serverOf(textOf(values, 'server'))
    const wanted = (option: string, what: string): string => {
      const value = textOf(values, option)
      if (value === undefined || value === '') throw new UsageError(`--${option} wants ${what}`)
      return value
    }
    const pods = textOf(values, 'pods')
    const whom =
      pods === undefined
        ? {
            subject: {
              issuer: wanted('issuer', 'the issuer’s URL'),
              sub: wanted('sub', 'the person’s sub'),
            },
            file: wanted('patients', 'a file with one identifier a line, or -'),
          }
        : {
            pods: {
              user: wanted('user', 'a user of the cluster: kubectl auth whoami'),
              names: pods.split(','),
              ways: (textOf(values, 'ways') ?? 'Exec').split(',') as Ways,
            },
          }
    for (const option of ['issuer', 'sub', 'patients'])
      if (pods !== undefined && textOf(values, option) !== undefined)
        throw new UsageError(`--${option} is for patients: leave it out beside --pods`)
    const reason = wanted('reason', 'a sentence')
    const minutes = textOf(values, 'minutes') ?? '30'
    if (!/^([1-9]|[1-5][0-9]|60)$/.test(minutes))
      throw new UsageError('--minutes wants a number from 1 to 60')
    const name = textOf(values, 'name') ?? `bg-${randomBytes(5).toString('hex')}`
    const kube = await openKube(values)
    const { file, ...who } = { file: undefined, ...whom }
    const patients = file === undefined ? undefined : [...new Set(await linesFrom(file))]
    if (patients?.length === 0) throw new UsageError('--patients wants a file with one identifier a line')
    const spec = {
      server,
      ...who,
      ...(patients === undefined ? {} : { patients }),
      reason,
      minutes: Number(minutes),
    }
    const { status, body } = await kube.request('POST', grantsPath(namespace), {
      apiVersion,
      kind: 'BreakGlassGrant',
      metadata: { name, namespace },
      spec,
    })
    if (status !== 201) throw refused(status, body, 'ask for emergency access')
    const { spec: kept } = body as BreakGlassGrant
    if (values['json'] === true)
      screen.out(JSON.stringify({ grant: `${namespace}/${name}`, requestedBy: kept.requestedBy }))
    else {
      screen.out(
        `Asked for as ${kept.requestedBy ?? 'nobody'}: ${namespace}/${name}, ${minutes} minutes, ${patients === undefined ? counted((pods ?? '').split(',').length, 'pod') : counted(patients.length, 'patient')}`,
      )
      screen.out(`Another person approves it: hipaa-mcp break-glass approve ${namespace}/${name}`)
    }
    return exitCodes.ok
  },
}
