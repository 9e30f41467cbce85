import { expect, test } from 'vitest'
import { compilePolicy } from '../../core/compile.ts'
import { parsePolicy } from '../../core/parse-policy.ts'
import { policyText } from '../../core/policy.ts'
import { rulesOf } from '../../sidecar/rules.ts'
import { permitAll } from './permit-all.ts'

const spec = permitAll({
  port: 8080,
  identity: {
    issuers: [
      {
        url: 'https://login.example.org',
        audience: 'https://mcp.example.org',
        provider: 'Generic',
        roles: { claim: '/roles' },
      },
    ],
  },
  when: { role: 'Suite' },
  purpose: 'TREAT',
  origin: new URL('http://127.0.0.1:8080'),
})

test('the fixtures’ HipaaMcpServer compiles to a policy that a sidecar can enforce', () => {
  const server = {
    apiVersion: 'hipaa-mcp.dev/v1alpha1',
    kind: 'HipaaMcpServer',
    metadata: { name: 'fixtures', namespace: 'conformance' },
    spec,
  }
  const compiled = compilePolicy(server, { agreements: [], clientCa: 'some CA' })

  if (!('policy' in compiled)) throw new Error(compiled.issues.join('; '))
  expect(parsePolicy(policyText(compiled.policy))).toEqual(compiled.policy)
  expect(() => rulesOf(compiled.policy)).not.toThrow()
})

const names = (list: readonly { name: string }[] = []) => list.map(({ name }) => name)

test('the one role of the fixtures may reach every tool, resource and prompt', () => {
  expect(spec.roles).toMatchObject([
    { tools: names(spec.tools), resources: names(spec.resources), prompts: names(spec.prompts) },
  ])
  expect([spec.tools.length, spec.resources?.length, spec.prompts?.length]).toEqual([35, 4, 5])
})
