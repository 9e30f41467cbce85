// `hipaa-mcp break-glass request`: asks for emergency access, for another person to approve.

import { randomBytes } from 'node:crypto'
import { counted } from '../../core/counted.ts'
import { apiVersion } from '../../core/identifiers.ts'
import type { BreakGlassGrant } from '../../crds/breakglassgrant.generated.ts'
import { type Command, exitCodes, serverOf, textOf, UsageError, type Values } from '../command.ts'
import { kubeOptions, openKube } from '../kube.ts'
import { linesFrom } from '../lines.ts'
import { grantsPath, refused } from './grants.ts'

type Spec = BreakGlassGrant['spec']
type Way = NonNullable<Spec['pods']>['ways'][number]
const ways: readonly Way[] = ['Exec', 'Attach', 'PortForward', 'EphemeralContainers']

export const request: Command = {
  name: 'break-glass request',
  summary: 'Ask for emergency access to named patients, or into named pods, for another person to approve',
  operands: '',
  example:
    'break-glass request --server clinic/ehr --patients FILE \\\n  --issuer https://login.example.org --sub nurse-7 --reason "stroke"',
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
    'keep-pods': { help: 'With --pods: they stay when it ends, and sessions that are open with them' },
    reason: { value: 'TEXT', help: 'Why it cannot wait, without names and diagnoses' },
    minutes: { value: 'NUMBER', help: 'How long from the approval on, 1 to 60; 30 unless set' },
    name: { value: 'NAME', help: 'Name of the grant; otherwise made up' },
    ...kubeOptions,
    json: { help: 'Print the grant’s name as JSON' },
  },
  about:
    'Patients are read from a file, since a command line ends in histories. Nothing is open before another person approves. A pod that was entered is evicted when the grant ends: one that nothing makes anew does not come back. For patients: the calls themselves then state the purpose BTG or ETREAT, after a login of the last five minutes.',
  run: async (operands, values, screen) => {
    if (operands.length > 0) throw new UsageError('break-glass request takes options only')
    const { namespace, server } = serverOf(textOf(values, 'server'))
    const reason = wanted(values, 'reason', 'a sentence')
    const minutes = textOf(values, 'minutes') ?? '30'
    if (!/^([1-9]|[1-5][0-9]|60)$/.test(minutes))
      throw new UsageError('--minutes wants a number from 1 to 60')
    const name = textOf(values, 'name') ?? `bg-${randomBytes(5).toString('hex')}`
    const { whom, counts } =
      textOf(values, 'pods') === undefined ? await forPatients(values) : forPods(values)
    const kube = await openKube(values)
    const spec = { server, ...whom, reason, minutes: Number(minutes) }
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
        `Asked for as ${kept.requestedBy ?? 'nobody'}: ${namespace}/${name}, ${counted(spec.minutes, 'minute')}, ${counts}`,
      )
      screen.out(`Another person approves it: hipaa-mcp break-glass approve ${namespace}/${name}`)
    }
    return exitCodes.ok
  },
}

/** Its part of the grant, and how much it opens in words. */
type Asked = { whom: Pick<Spec, 'subject' | 'patients'> | Pick<Spec, 'pods'>; counts: string }

async function forPatients(values: Values): Promise<Asked> {
  for (const option of ['user', 'ways', 'keep-pods'])
    if (values[option] !== undefined) throw new UsageError(`--${option} is for pods: give --pods as well`)
  const subject = {
    issuer: wanted(values, 'issuer', 'the issuer’s URL'),
    sub: wanted(values, 'sub', 'the person’s sub'),
  }
  const file = wanted(values, 'patients', 'a file with one identifier a line, or -')
  const patients = [...new Set(await linesFrom(file))]
  if (patients.length === 0) throw new UsageError('--patients wants a file with one identifier a line')
  return { whom: { subject, patients }, counts: counted(patients.length, 'patient') }
}

function forPods(values: Values): Asked {
  for (const option of ['issuer', 'sub', 'patients'])
    if (textOf(values, option) !== undefined)
      throw new UsageError(`--${option} is for patients: leave it out beside --pods`)
  const user = wanted(values, 'user', 'a user of the cluster: kubectl auth whoami')
  const names = listIn(wanted(values, 'pods', 'names of pods, with commas between'))
  const pods = {
    user,
    names,
    ways: [...new Set(listIn(textOf(values, 'ways') ?? 'Exec').map(wayOf))],
    ...(values['keep-pods'] === true ? { afterwards: 'KeepPod' as const } : {}),
  }
  return { whom: { pods }, counts: counted(names.length, 'pod') }
}

function wanted(values: Values, option: string, what: string): string {
  const value = textOf(values, option)
  if (value === undefined || value === '') throw new UsageError(`--${option} wants ${what}`)
  return value
}

const listIn = (text: string): string[] => [...new Set(text.split(',').map((one) => one.trim()))]

function wayOf(text: string): Way {
  const way = ways.find((one) => one.toLowerCase() === text.toLowerCase())
  if (way === undefined) throw new UsageError('--ways wants Exec, Attach, PortForward or EphemeralContainers')
  return way
}
