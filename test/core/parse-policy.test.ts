import { expect, test } from 'vitest'
import { parsePolicy } from '../../core/parse-policy.ts'
import { policyText } from '../../core/policy.ts'
import { aPolicy, aTool } from '../support/policy.ts'

const text = 'Redact'
const { returns, limits } = aTool()
const described = { description: 'Says what it is', patient: 'id', returns, limits }
/** With every member that a policy can have. */
const policy = aPolicy({
  http: { hosts: ['mcp.example.org'], origins: ['https://app.example.org'] },
  discovery: { port: 8444, enrols: true },
  workload: {
    port: 8080,
    path: '/mcp',
    transport: 'StreamableHttp',
    metrics: {
      port: 9100,
      path: '/metrics',
      names: ['jobs_total'],
      labels: [{ name: 'queue', values: ['night'] }],
    },
  },
  training: { claim: '/training', maxAgeSeconds: 86_400 },
  purpose: { claim: '/purpose' },
  patient: { claim: '/patient' },
  panel: { claim: '/panel' },
  resources: [{ ...described, name: 'labs', uri: 'ehr://{id}', mimeType: 'text/plain', subscribe: true }],
  prompts: [
    { ...described, name: 'sum', from: 'sum', arguments: {}, bulk: 'Forbidden', identifiers: 'Refuse' },
  ],
  fromServer: {
    progress: { text },
    logging: { text },
    sampling: { text, agreement: 'a' },
    elicitation: { text, modes: ['form', 'url'], hosts: ['example.org'] },
    roots: {},
    completion: { text },
    tasks: {},
    listChanged: {},
  },
  egress: [
    { kind: 'agreement', agreement: 'a', host: 'a.example.org', port: 443 },
    { kind: 'store', store: 'db', host: 'db', port: 5432, protocol: 'Postgres', ca: 'a CA' },
  ],
  breach: [{ distinctPatients: 100, perSeconds: 3600 }],
  lockdown: { reason: 'none' },
})

type Place = { [member: string]: unknown }

/** The path of every value of the document but those in the author's own JSON. */
function pathsOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path]
  const below = Object.entries(value).filter(
    ([name]) => name !== 'arguments' && name !== 'with' && name !== 'rename',
  )
  return [path, ...below.flatMap(([name, item]) => pathsOf(item, [...path, name]))]
}

const valueAt = (document: unknown, path: readonly string[]): unknown =>
  path.reduce((place, name) => (place as Place)[name], document)

/** The policy as text, changed at a place. */
function changed(path: readonly string[], change: (place: Place, member: string) => void): string {
  const document = JSON.parse(policyText(policy)) as Place
  const around = valueAt(document, path.slice(0, -1)) as Place
  change(around, path.at(-1) as string)
  return JSON.stringify(document)
}

const paths = pathsOf(policy).slice(1)
const isRow = (path: readonly string[]) => Array.isArray(valueAt(policy, path.slice(0, -1)))
const named = (list: string[][]) => list.map((path) => [path.join('.'), path] as const)

test('a policy with every known member is one', () => {
  expect(parsePolicy(policyText(policy))).toEqual(JSON.parse(policyText(policy)))
})

test('what is no JSON object is no policy', () => {
  for (const document of ['', '{', 'null', '[]', '"policy/1"', '{}'])
    expect(parsePolicy(document)).toBeUndefined()
})

const objects = pathsOf(policy).filter((path) => {
  const value = valueAt(policy, path)
  return typeof value === 'object' && !Array.isArray(value)
})

test.each(named(objects))('a member that nobody knows makes it none, in %j', (_, path) => {
  const more = changed([...path, 'onlyOnMondays'], (place, member) => (place[member] = true))

  expect(parsePolicy(more)).toBeUndefined()
})

test.each(named(paths))('a value of another type makes it none, at %s', (_, path) => {
  const other = changed(path, (place, member) => (place[member] = [{ not: 'this' }]))

  expect(parsePolicy(other)).toBeUndefined()
})

/** Members that may be absent. */
const optional = [
  /^(http|discovery|training|patient|panel|lockdown|workload\.metrics)$/,
  /^(discovery\.enrols|purpose\.claim|fromServer\.\w+|fromServer\.sampling\.agreement)$/,
  /^(tools|resources|prompts)\.0\.(patient|mimeType)$/,
]

test.each(named(paths.filter((path) => !isRow(path))))(
  'without %s it is one if that may be absent',
  (at, path) => {
    const without = changed(path, (place, member) => delete place[member])

    expect(parsePolicy(without) !== undefined).toBe(optional.some((names) => names.test(at)))
  },
)

test.each([
  ['a number that is none', 'mfa.maxAgeSeconds', 0],
  ['a part of a second', 'sessions.idleSeconds', 0.5],
  ['a word outside of its list', 'fromServer.progress.text', 'Show'],
  ['an algorithm that anybody can sign with', 'issuers.0.algorithms.0', 'HS256'],
  ['an empty CA', 'tls.clientCa', ''],
  ['no issuer', 'issuers', []],
  ['a member of another kind', 'egress.0.store', 'db'],
  ['a protocol that nobody speaks', 'egress.0.protocol', 'Http'],
])('%s makes it none', (_, at, value) => {
  const wrong = changed(at.split('.'), (place, member) => (place[member] = value))

  expect(parsePolicy(wrong)).toBeUndefined()
})
