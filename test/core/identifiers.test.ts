import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { dnsPort, identity, identityOf, mostLoopback, sidecarPorts } from '../../core/identifiers.ts'
import { originOf, partsOfOrigin } from '../../core/wire.ts'

test('every identity reads back from the text that node:tls makes of it', () => {
  expect(identityOf(`DNS:a, URI:${identity.operator}`)).toEqual({ role: 'operator' })
  expect(identityOf(`URI:${identity.collector}, DNS:b`)).toEqual({ role: 'collector' })
  expect(identityOf(`URI:${identity.sidecar('clinic', 'ehr', 'u-1')}`)).toEqual({
    role: 'sidecar',
    namespace: 'clinic',
    server: 'ehr',
    podUid: 'u-1',
  })
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }).filter((text) => text.isWellFormed()),
      (person) => {
        const uri = identity.auditor(person)
        expect(uri).not.toMatch(/[',"\\ ]/)
        expect(identityOf(`URI:${uri}`)).toEqual({ role: 'auditor', person })
      },
    ),
  )
})

test.each([
  undefined,
  '',
  'DNS:hipaa-mcp://operator',
  'URI:hipaa-mcp://operator, URI:hipaa-mcp://collector',
  'URI:hipaa-mcp://operator/more',
  'URI:hipaa-mcp://sidecar/a/b',
  'URI:hipaa-mcp://sidecar/a//c',
  'URI:hipaa-mcp://auditor/%zz',
  'URI:hipaa-mcp://admin',
])('%s is no identity of ours', (name) => {
  expect(identityOf(name)).toBeUndefined()
})

test('an origin reads back as its parts, and nothing that could leave a folder is an origin', () => {
  const parts = { namespace: 'clinic', server: 'ehr.v2', podUid: '0F2C-9', restart: 12 }

  expect(partsOfOrigin(originOf('clinic', 'ehr.v2', '0F2C-9', 12))).toEqual(parts)
  for (const text of [
    'hipaa-mcp.dev/registry',
    'hipaa-mcp.dev/a/b/c/01',
    'hipaa-mcp.dev/a/b/c/-1',
    'hipaa-mcp.dev/../b/c/1',
    'hipaa-mcp.dev/a/../c/1',
    'hipaa-mcp.dev/a/x..y/c/1',
    'hipaa-mcp.dev/a/b/../1',
    'hipaa-mcp.dev/a/b/c/1\n',
    'other.dev/a/b/c/1',
  ])
    expect(partsOfOrigin(text), text).toBeUndefined()
})

/** A field of a CRD, as far as the test below reads it. */
type Field = {
  properties?: { [name: string]: Field }
  items?: Field
  maxItems?: number
  'x-kubernetes-validations'?: { rule: string; message: string }[]
}

test('the CRD refuses exactly the ports of the sidecar, and on loopback that of names and more than its bound', async () => {
  const text = await readFile(join(import.meta.dirname, '../../crds/hipaamcpserver.yaml'), 'utf8')
  const { spec } = parse(text) as { spec: { versions: { schema: { openAPIV3Schema: Field } }[] } }
  for (const { schema } of spec.versions) {
    const at = (...path: string[]): Field | undefined =>
      ['spec', ...path].reduce<Field | undefined>(
        (field, name) => field?.properties?.[name],
        schema.openAPIV3Schema,
      )
    for (const [field, taken] of [
      [at('workload', 'port'), sidecarPorts],
      [at('workload', 'metrics', 'port'), sidecarPorts],
      [at('tls', 'discovery', 'port'), sidecarPorts],
      [at('workload', 'loopback')?.items, [dnsPort, ...sidecarPorts]],
    ] as const) {
      const rules = field?.['x-kubernetes-validations'] ?? []
      expect(rules.map(({ rule }) => rule)).toEqual([`!(self in [${taken.join(', ')}])`])
      expect(rules[0]?.message).toContain(`ports ${taken.slice(0, -1).join(', ')} and ${taken.at(-1)} `)
    }
    expect(at('workload', 'loopback')?.maxItems).toBe(mostLoopback)
  }
  expect(spec.versions).not.toEqual([])
})
