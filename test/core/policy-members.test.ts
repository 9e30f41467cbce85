import { expect, test } from 'vitest'
import { parsePolicy, policyText } from '../../core/policy.ts'
import { aPolicy } from '../support/policy.ts'

const policy = aPolicy({
  http: { hosts: [], origins: [] },
  discovery: { port: 8444, enrols: true },
  fromServer: { progress: { text: 'Redact' }, sampling: { text: 'Redact', agreement: 'a' }, tasks: {} },
  egress: [{ kind: 'agreement', agreement: 'a', host: 'a.example.org', port: 443 }],
  lockdown: { reason: 'none' },
})

/** Every object of the document in which the author's own JSON does not stand, by its path. */
function objectsOf(value: unknown, path: string[] = []): { path: string[] }[] {
  if (Array.isArray(value)) return value.flatMap((item, at) => objectsOf(item, [...path, String(at)]))
  if (typeof value !== 'object' || value === null) return []
  const below = Object.entries(value).filter(([name]) => name !== 'arguments' && name !== 'with')
  return [{ path }, ...below.flatMap(([name, item]) => objectsOf(item, [...path, name]))]
}

test('a policy with every known member is one', () => {
  expect(parsePolicy(policyText(policy))).toEqual({ policy: JSON.parse(policyText(policy)) })
})

test.each(objectsOf(policy).map(({ path }) => [path.join('.'), path] as const))(
  'a member that nobody knows makes it none, in %j',
  (_, path) => {
    const document = JSON.parse(policyText(policy)) as { [member: string]: unknown }
    let place = document
    for (const name of path) place = place[name] as { [member: string]: unknown }
    place['onlyOnMondays'] = true

    expect(parsePolicy(JSON.stringify(document))).toMatchObject({
      issues: expect.arrayContaining([expect.stringContaining('does not know')]) as unknown,
    })
  },
)
