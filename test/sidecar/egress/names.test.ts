import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Egress, plainProtocols } from '../../../core/policy.ts'
import { namesOf, type Place } from '../../../sidecar/egress/names.ts'
import { verifies } from '../../verifies.ts'

const place: Place = {
  namespace: 'clinic',
  search: ['clinic.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'example.internal'],
}
const vendor = (host: string, agreement = 'speech'): Egress => ({
  kind: 'agreement',
  agreement,
  host,
  port: 443,
})
const store = (host: string, changes: Partial<{ port: number; ca: string }> = {}): Egress => ({
  kind: 'store',
  store: 'database',
  host,
  port: 5432,
  protocol: 'Postgres',
  ca: 'a CA',
  ...changes,
})
const answers = (egress: Egress[]) => Object.fromEntries(namesOf(egress, place).addresses)

verifies('transmission:egress-by-name', 'names get addresses of 127.64.0.0/10 in their order', () => {
  expect(answers([vendor('b.example'), vendor('a.example'), store('db.example')])).toEqual({
    'a.example': '127.64.0.1',
    'b.example': '127.64.0.2',
    'db.example': '127.64.0.3',
    'db.example.svc': '127.64.0.3',
    'db.example.svc.cluster.local': '127.64.0.3',
  })
  const many = namesOf(
    Array.from({ length: 70_000 }, (_, at) => vendor(`h${String(at).padStart(6, '0')}.example`)),
    place,
  )
  expect(many.addresses.get('h069999.example')).toBe('127.65.17.112')
})

describe('a store answers to all names of its Service', () => {
  const all = ['ehr-db', 'ehr-db.clinic', 'ehr-db.clinic.svc', 'ehr-db.clinic.svc.cluster.local']
  for (const host of all) {
    test(`declared as ${host}`, () => {
      expect(Object.keys(answers([store(host)])).toSorted()).toEqual(all)
    })
  }

  test('one of another namespace has no short name', () => {
    expect(Object.keys(answers([store('ehr-db.data.svc')])).toSorted()).toEqual([
      'ehr-db.data',
      'ehr-db.data.svc',
      'ehr-db.data.svc.cluster.local',
    ])
  })

  for (const host of [
    'db.hospital.example.org',
    'drop.example.com',
    'x.clinic.svc.evil.example',
    'a.b.c.svc',
    'db.clinic.',
  ])
    for (const protocol of plainProtocols)
      verifies(
        'transmission:egress-by-name',
        `a host that is no Service is no store: ${host}, ${protocol}`,
        () => {
          const names = namesOf([{ ...store(host), protocol }, vendor('a.example')], place)

          expect([...names.addresses.keys()]).toEqual(['a.example'])
          expect([...names.targets.values()].map(({ name }) => name)).toEqual(['a.example'])
          expect(names.ambiguous).toEqual([host])
        },
      )
})

verifies(
  'transmission:egress-by-name',
  'a store is looked up as a Service of the cluster and as nothing else',
  () => {
    for (const [host, full] of [
      ['ehr-db', 'ehr-db.clinic.svc.cluster.local'],
      ['ehr-db.clinic.svc', 'ehr-db.clinic.svc.cluster.local'],
      ['ehr-db.clinic.svc.cluster.local', 'ehr-db.clinic.svc.cluster.local'],
      // As a name in public it would be somebody's.
      ['drop.example', 'drop.example.svc.cluster.local'],
    ] as const) {
      const [target] = namesOf([store(host)], place).targets.values()
      expect(target).toMatchObject({ lookups: [full] })
    }
  },
)

verifies('agreement:egress', 'a host of two agreements is one target that either of them opens', () => {
  const [target, ...others] = namesOf(
    [vendor('a.example', 'one'), vendor('a.example', 'two')],
    place,
  ).targets.values()

  expect(target).toMatchObject({ agreements: ['one', 'two'] })
  expect(others).toEqual([])
})

verifies('transmission:egress-by-name', 'a name that means two things answers nobody', () => {
  for (const clash of [
    [store('ehr-db'), store('ehr-db.clinic.svc', { port: 5433 })],
    [store('ehr-db'), store('ehr-db', { ca: 'another CA' })],
    [store('ehr-db.clinic.svc.cluster.local'), vendor('ehr-db.clinic.svc.cluster.local')],
  ]) {
    const names = namesOf([...clash, vendor('a.example')], place)
    for (const { host } of clash) {
      expect(names.addresses.has(host)).toBe(false)
      expect(names.ambiguous).toContain(host)
    }
    expect(names.addresses.get('a.example')).toBeDefined()
  }
  // An alias of the one is the name of the other: that name alone is unclear.
  const names = namesOf([store('ehr-db'), vendor('ehr-db.clinic')], place)
  expect(names.ambiguous).toEqual(['ehr-db.clinic'])
  expect([...names.addresses.keys()].toSorted()).toEqual([
    'ehr-db',
    'ehr-db.clinic.svc',
    'ehr-db.clinic.svc.cluster.local',
  ])
})

verifies(
  'transmission:egress-by-name',
  'an address never comes to mean another name, whatever policies follow',
  () => {
    const hosts = fc.constantFrom(
      'a.example',
      'b.example',
      'c.example',
      'ehr-db',
      'other-db',
      'd.example.org',
    )
    const policies = fc.array(fc.uniqueArray(hosts), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(policies, (all) => {
        const meant = new Map<string, string>()
        let names = namesOf([], place)
        for (const policy of all) {
          names = namesOf(
            policy.map((host) => (host.includes('.') ? vendor(host) : store(host))),
            place,
            names,
          )
          expect(names.targets.size).toBe(policy.length)
          for (const [address, { name }] of names.targets) {
            expect(meant.get(address) ?? name).toBe(name)
            meant.set(address, name)
          }
        }
      }),
    )
  },
)
