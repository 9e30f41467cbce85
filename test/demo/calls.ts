// Calls as an agent's pod makes them, over `kubectl exec`: the demo shows them, end-to-end tests judge them.

import type { Outcome, RawAnswer, RawRequest } from '../sample/agent.ts'
import type { World } from './world.ts'

export type Asked = {
  person?: 'clinician' | 'billing' | 'untrained'
  /** The person gives the password alone. */
  mfa?: false
  /** The sign-in lies so far back. */
  secondsAgo?: number
  /** The token was asked for with another certificate than the one that calls. */
  tokenOfOther?: true
  /** No token and no certificate. */
  bare?: true
  from?: 'agent' | 'agent-without-certificate' | 'bystander'
  url?: string
  purpose?: string
  scope?: string
  revision?: '2025-11-25' | '2026-07-28'
}

const pods = {
  agent: ['-n', 'agents', 'deploy/agent'],
  'agent-without-certificate': ['-n', 'agents', 'deploy/agent-without-certificate'],
  bystander: ['-n', 'elsewhere', 'deploy/bystander'],
} as const

function flags({
  person,
  mfa,
  secondsAgo,
  tokenOfOther,
  bare,
  url,
  purpose,
  scope,
  revision,
}: Asked): string[] {
  const values = { person, url, purpose, scope, revision, 'seconds-ago': secondsAgo }
  return [
    ...Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}`, String(value)],
    ),
    ...(mfa === false ? ['--no-mfa'] : []),
    ...(tokenOfOther === true ? ['--token-certificates', '/certificates/other'] : []),
    ...(bare === true ? ['--no-token', '--no-certificate'] : []),
  ]
}

async function agent<Answer>(
  { kubectl }: Pick<World, 'kubectl'>,
  asked: Asked,
  args: readonly string[],
  input?: string,
): Promise<Answer> {
  const where = pods[asked.from ?? 'agent']
  const text = await kubectl.run(
    [
      'exec',
      ...(input === undefined ? [] : ['-i']),
      ...where,
      '--',
      'node',
      'test/sample/agent.ts',
      ...flags(asked),
      ...args,
    ],
    input,
  )
  return JSON.parse(text.trim().split('\n').at(-1) ?? '') as Answer
}

/** One tool call, and what came of it. */
export async function call(
  world: Pick<World, 'kubectl'>,
  tool: string,
  args: Record<string, unknown>,
  asked: Asked = {},
): Promise<Outcome> {
  return await agent<Outcome>(world, asked, ['call', tool, JSON.stringify(args)])
}

/** Names of the tools that a caller is shown. */
export async function list(world: Pick<World, 'kubectl'>, asked: Asked = {}): Promise<string[]> {
  return await agent<string[]>(world, asked, ['list'])
}

/** The tool called for each patient, one after the other, by one sign-in. */
export async function sweep(
  world: Pick<World, 'kubectl'>,
  tool: string,
  ids: readonly string[],
  asked: Asked = {},
): Promise<{ answered: number; refused: Record<string, number> }> {
  return await agent(world, asked, ['sweep', tool], ids.join('\n'))
}

/** Requests as they stand, by one sign-in, one after the other. They go by standard input: a command line is in logs. */
export async function raw(
  world: Pick<World, 'kubectl'>,
  requests: readonly RawRequest[],
  asked: Asked = {},
): Promise<RawAnswer[]> {
  return await agent(world, asked, ['raw'], requests.map((one) => JSON.stringify(one)).join('\n'))
}

/** Address of the guarded pod, for those who try to go around its Service. */
export async function podAddress({ kubectl }: Pick<World, 'kubectl'>): Promise<string> {
  const found = await kubectl.get<{
    items: { metadata: { deletionTimestamp?: string }; status: { podIP?: string } }[]
  }>('pods', '-n', 'clinic', '-l', 'app=ehr-mcp')
  const address = found?.items.find(({ metadata }) => metadata.deletionTimestamp === undefined)?.status.podIP
  if (address === undefined)
    throw new Error('The server has no pod with an address: see kubectl get pods -n clinic')
  return address
}

const failures: Record<string, string> = {
  ECONNREFUSED: 'the connection is refused',
  ECONNRESET: 'the connection is cut off',
  UND_ERR_SOCKET: 'the connection is cut off before a byte of an answer',
  UND_ERR_CONNECT_TIMEOUT: 'nothing answers',
}

/** What an outcome says, in one line. */
export function inWords(outcome: Outcome): string {
  if (outcome.ok)
    return `answered: ${JSON.stringify(outcome.result.structuredContent ?? outcome.result.content)}`
  if (outcome.failed !== undefined) return `no answer: ${failures[outcome.failed] ?? outcome.failed}`
  const reason = (outcome.data as { reason?: string } | undefined)?.reason
  return `HTTP ${outcome.status}, ${outcome.code ?? 'no code'}${reason === undefined ? '' : ` ${reason}`}: ${outcome.says}`
}
