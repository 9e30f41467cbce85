// The policy linter at a real API server: what kubectl prints when a policy is applied, that hipaa-mcp check finds in a file
// what the API server refuses, and that what hipaa-mcp init proposes is taken.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { objectsIn } from '../../cli/check/documents.ts'
import { judge } from '../../cli/check/judge.ts'
import { authoritySecrets } from '../../core/identifiers.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { loadAuthority } from '../../operator/authority/ca.ts'
import { everything, oldServer, sampleEhr } from '../cli/init-servers.ts'
import { until } from '../cluster/api.ts'
import { aCleanAgreement, aCleanServer } from '../core/lint/a-server.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { verifies } from '../verifies.ts'
import { type AdmissionScene, admissionScene } from './admission-scene.ts'

type Spec = HipaaMcpServer['spec']
let scene: AdmissionScene

const apply = async (object: object, ...more: string[]): Promise<{ code: number; text: string }> =>
  await scene.kubectl(['apply', '-f', '-', ...more], { input: object })

const named = (name: string, change: (spec: Spec) => void, accepted?: string): HipaaMcpServer => {
  const server = aCleanServer(change, accepted)
  return { ...server, metadata: { ...server.metadata, name } }
}

const whole = (spec: Spec): void => {
  for (const tool of spec.tools.slice(0, 1)) tool.returns = { fields: [''] }
}

beforeAll(async () => {
  scene = await admissionScene({ name: 'linter', namespaces: { clinic: {} } })
  for (const args of [
    ['apply', '-k', 'crds'],
    ['apply', '-k', 'config/webhook'],
    ['wait', '--for=condition=Established', 'crd/hipaamcpservers.hipaa-mcp.dev'],
    ['wait', '--for=condition=Established', 'crd/businessassociateagreements.hipaa-mcp.dev'],
  ]) {
    const { code, text } = await scene.kubectl(args)
    if (code !== 0) throw new Error(text)
  }
  // Before the webhooks are there: as while the operator is away.
  const stored = await apply(named('stored', whole))
  if (stored.code !== 0) throw new Error(stored.text)
  await scene.admit(await loadAuthority(scene.client, authoritySecrets.own))
  await until(
    'the webhook is asked',
    60,
    async () => (await apply(named('early', whole), '--dry-run=server')).code !== 0,
  )
}, 600_000)

afterAll(async () => await scene?.end())

verifies('minimum:linter-admission', 'on a real API server: what kubectl prints', async () => {
  const refused = await apply(named('wide', whole))
  const warned = await apply(named('dev', (spec) => void (spec.profile = 'Development')))
  const accepted = await apply(
    named(
      'fine',
      (spec) => void (spec.profile = 'Development'),
      'profile-development: a cluster without patients',
    ),
  )

  expect(refused.code).not.toBe(0)
  expect(refused.text).toMatch(
    /denied the request: hipaa-mcp: \/spec\/tools\/0\/returns\/fields\/0: .*whole-record-unjustified/,
  )
  expect(warned).toMatchObject({ code: 0 })
  expect(warned.text).toMatch(/^Warning: hipaa-mcp: \/spec\/profile: .*profile-development/m)
  expect(accepted).toMatchObject({ code: 0, text: expect.not.stringContaining('Warning') as string })
})

verifies(
  'minimum:linter-admission',
  'on a real API server: what is stored already can be mended, and locked',
  async () => {
    const locked = await apply(
      named('stored', (spec) => {
        whole(spec)
        spec.lockdown = { reason: 'a leak is looked into' }
      }),
    )
    const worse = await apply(
      named('stored', (spec) => {
        whole(spec)
        spec.trail = { retention: '1000d' }
      }),
    )

    expect(locked).toMatchObject({
      code: 0,
      text: expect.stringContaining('whole-record-unjustified') as string,
    })
    expect(worse.code).not.toBe(0)
    expect(worse.text).toContain('retention-short')
  },
)

test('agreements of the cluster count, and are judged', async () => {
  const wants = named('vendor', (spec) => spec.network?.egress?.push({ baa: 'vendor' }))
  const without = await apply(wants)
  const over = await apply(aCleanAgreement({ expires: '2026-02-01T00:00:00Z' }))
  await apply(aCleanAgreement())
  const held = await apply(wants)

  expect(without.text).toContain('there is no BusinessAssociateAgreement vendor')
  expect(over).toMatchObject({ code: 0, text: expect.stringContaining('agreement-over') as string })
  expect(held).toMatchObject({ code: 0, text: expect.not.stringContaining('Warning') as string })
})

const servers = {
  'the sample EHR': sampleEhr,
  'one of the SDK’s first generation': oldServer,
  'one with everything': everything,
}
for (const [which, start] of Object.entries(servers))
  verifies(
    'minimum:first-policy',
    `a real API server takes the manifest of ${which} as it stands`,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'hipaa-mcp-first-policy-'))
      const running = await start()
      try {
        const file = join(folder, 'server.yaml')
        const proposed = await hipaaMcp(['init', '--url', running.url, '-n', 'clinic', '-o', file])
        const errors = await hipaaMcp(['check', file, '--severity', 'error'])
        const checked = await hipaaMcp(['check', file])
        const tried = await scene.kubectl(['apply', '-f', file, '--dry-run=server', '--validate=strict'])
        const applied = await scene.kubectl(['apply', '-f', file, '--validate=strict'])
        const { metadata, spec } = parse(await readFile(file, 'utf8')) as HipaaMcpServer
        const get = ['get', 'hipaamcpserver', metadata.name ?? '', '-n', 'clinic', '-o', 'json']
        const stored = await scene.kubectl(get)

        expect([proposed.code, errors.code], `${proposed.notes}${errors.out}`).toEqual([0, 0])
        expect(tried.code, tried.text).toBe(0)
        // What check warns of, kubectl warns of: one role that has all tools.
        expect(tried.text.includes('Warning: '), tried.text).toBe(checked.code !== 0)
        expect(applied).toMatchObject({ code: 0, text: expect.stringMatching(/ created\n$/) as string })
        // Nothing of it is of another form than the API server keeps.
        expect((JSON.parse(stored.text) as HipaaMcpServer).spec).toMatchObject(spec)
      } finally {
        await running.end()
        await rm(folder, { recursive: true, force: true })
      }
    },
  )

const form: readonly [string, (spec: Spec) => void][] = [
  ['a field that there is none of', (spec) => Object.assign(spec, { lockDown: {} })],
  ['a role that names no tool', (spec) => spec.roles[0]?.tools.push('gone')],
  ['a port of ours', (spec) => (spec.workload.port = 15_080)],
  ['a tool twice', (spec) => spec.tools.push(spec.tools[0] as Spec['tools'][number])],
  ['a name of a provider', (spec) => Object.assign(spec.identity.issuers[0] ?? {}, { provider: 'Ldap' })],
  ['an egress to nothing', (spec) => spec.network?.egress?.push({})],
  ['text kept without a reason', (spec) => Object.assign(spec.tools[0]?.returns ?? {}, { text: 'Keep' })],
  ['nothing wrong', () => undefined],
]

for (const [what, change] of form)
  verifies('minimum:linter-form', `the API server judges alike: ${what}`, async () => {
    const server = named('form', change)
    const { code, text } = await apply(server, '--dry-run=server', '--validate=strict')
    const found = await judge(objectsIn('form.yaml', stringify(server)), Date.now())

    expect([code !== 0, text]).toEqual([found.some(({ severity }) => severity === 'error'), text])
  })
