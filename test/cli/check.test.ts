import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from 'sarif'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { formRules } from '../../cli/check/judge.ts'
import { commands } from '../../cli/commands.ts'
import { allRules } from '../../core/lint/rules.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { aFolder, anEmbeddedStore, aTrail, Process } from '../collector/a-trail.ts'
import { aCleanAgreement, aCleanServer } from '../core/lint/a-server.ts'
import { aClose, anIntent, anOrders, aResult, at } from '../core/records.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { verifies } from '../verifies.ts'
import { anExport, exported, tamper } from './an-export.ts'

type Finding = {
  file: string
  line: number
  column: number
  object?: string
  rule: string
  severity: string
  place: string
  found: string
  write: string
  accepted?: string
}
const ran = async (...args: string[]) => await hipaaMcp(['check', ...args])

/** A folder with one file. */
function written(text: string, name = 'ehr.yaml'): string {
  const folder = aFolder()
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

async function findings(...args: string[]): Promise<Finding[]> {
  const { out } = await ran('--json', '--severity', 'note', ...args)
  return (JSON.parse(out) as { findings: Finding[] }).findings
}
const found = async (text: string, name?: string): Promise<Finding[]> => await findings(written(text, name))
const brief = (all: readonly Finding[]) =>
  all.map(({ rule, line, column, place }) => [rule, line, column, place])

const head = `apiVersion: hipaa-mcp.dev/v1alpha1
kind: HipaaMcpServer
metadata: { name: ehr, namespace: clinic }
`
type Spec = HipaaMcpServer['spec']
const yaml = (change?: (spec: Spec) => void, accepted?: string): string =>
  stringify(aCleanServer(change, accepted))

test('the shortest policy, of the README, passes', async () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
  const [, policy = ''] = /```yaml\n([^]*?)```/.exec(readme) ?? []

  expect(await ran(written(policy))).toMatchObject({ code: 0 })
})

describe('what the API server would refuse is found first, with line and column', () => {
  const cases: readonly [what: string, text: string, rule: string, line: number, column: number][] = [
    [
      'a field that there is none of',
      yaml().replace('spec:\n', 'spec:\n  lockDown: {}\n'),
      'unknown-field',
      7,
      3,
    ],
    ['no returns', yaml().replace(/ {6}returns:\n(?: {8}.*\n)+/, ''), 'missing-field', 42, 7],
    ['a number where text belongs', yaml().replace('path: /mcp', 'path: 7'), 'wrong-value', 9, 5],
    ['a value that is none of the few', yaml().replace('Keycloak', 'Ldap'), 'wrong-value', 14, 9],
    ['a role that names no tool', yaml().replace('- check_coverage', '- gone'), 'contradiction', 6, 1],
    ['a tool twice', yaml().replace('name: list_medications', 'name: get_diagnosis'), 'wrong-value', 60, 7],
    [
      'a word that kubectl reads as a boolean',
      yaml().replace('role: Clinician', 'role: no'),
      'wrong-value',
      26,
      9,
    ],
    ['no YAML', `${head}spec: [`, 'yaml-broken', 4, 8],
    ['another kind of ours', head.replace('HipaaMcpServer', 'HipaaServer'), 'unknown-kind', 2, 1],
    ['a version to come', head.replace('v1alpha1', 'v9'), 'unknown-kind', 1, 1],
  ]
  for (const [what, text, rule, line, column] of cases)
    verifies('minimum:linter-form', what, async () => {
      const all = await found(text)

      expect(all.map((one) => [one.rule, one.line, one.column])).toContainEqual([rule, line, column])
      expect(all.every(({ severity }) => severity === 'error')).toBe(true)
    })

  test('and what is missing is told with what it is for', async () => {
    const [first] = await found(yaml().replace(/ {6}returns:\n(?: {8}.*\n)+/, ''))

    expect(first?.write).toBe('returns: What of a result the caller gets.')
  })
})

const wide = (spec: Spec): void => void (spec.profile = 'Development')

describe('objects are found wherever they stand', () => {
  test('in the second document, in a list, in JSON, and through an anchor', async () => {
    const two = `kind: ConfigMap\napiVersion: v1\nmetadata: { name: a }\n---\n${yaml(wide)}`
    const list = stringify({ apiVersion: 'v1', kind: 'List', items: [aCleanAgreement(), aCleanServer(wide)] })
    const json = JSON.stringify(aCleanServer(wide), null, 1)
    const anchored = yaml()
      .replace('workload:\n    port: 8080', 'workload: &workload\n    port: 15080')
      .replace('network:', 'tls:\n    discovery: *workload\n  network:')

    for (const [text, name] of [
      [two, 'two.yaml'],
      [list, 'list.yaml'],
      [json, 'a.json'],
    ] as const) {
      const lines = text.split('\n')
      const [only, ...more] = await found(text, name)
      expect([only?.rule, more, lines[(only?.line ?? 0) - 1]?.trim()]).toEqual([
        'profile-development',
        [],
        name === 'a.json' ? '"profile": "Development"' : 'profile: Development',
      ])
    }
    const aliased = await found(anchored)
    expect(brief(aliased)).toContainEqual(['unknown-field', 9, 5, '/spec/tls/discovery/path'])
  })

  test('in a folder, where templates and other people’s files are passed over', async () => {
    const file = written(yaml(wide))
    const folder = join(file, '..')
    mkdirSync(join(folder, 'node_modules', 'a'), { recursive: true })
    mkdirSync(join(folder, 'deeper'))
    writeFileSync(join(folder, 'node_modules', 'a', 'b.yaml'), yaml(wide))
    writeFileSync(join(folder, 'chart.yaml'), '{{- if .Values.x }}\nkind: [')
    writeFileSync(join(folder, 'deeper', 'c.yml'), yaml(wide))

    expect((await findings(folder)).map((one) => [one.file, one.rule])).toEqual([
      [join(folder, 'deeper', 'c.yml'), 'profile-development'],
      [join(folder, 'ehr.yaml'), 'profile-development'],
      [join(folder, 'ehr.yaml'), 'object-twice'],
    ])
  })

  test('on standard input', () => {
    const { stdout, status } = spawnSync('node', ['cli/main.ts', 'check', '-'], {
      input: yaml(wide),
      encoding: 'utf8',
    })
    expect(stdout).toMatch(/^<stdin>\n {2}\d+:\d+ {2}warning {2}profile-development {2}45 CFR 164/)
    expect(status).toBe(1)
  })

  test('agreements of any file count for servers of any other', async () => {
    const server = written(yaml((spec) => spec.network?.egress?.push({ baa: 'vendor' })))
    const agreement = written(stringify(aCleanAgreement()), 'vendor.yaml')

    expect((await findings(server)).map(({ rule }) => rule)).toEqual(['agreement-missing'])
    expect(await findings(server, agreement)).toEqual([])
  })
})

describe('exit codes', () => {
  const warned = yaml((spec) => void (spec.profile = 'Development'))
  const noted = yaml((spec) => delete spec.identity.purpose)
  const accepted = yaml(
    (spec) => void (spec.profile = 'Development'),
    'profile-development: a cluster without patients',
  )
  const wrong = yaml((spec) => (spec.trail = { retention: '1000d' }))

  test.each([
    ['nothing', yaml(), [], 0],
    ['a warning', warned, [], 1],
    ['a warning, and errors are asked for', warned, ['--severity', 'error'], 0],
    ['a note', noted, [], 0],
    ['a note, and notes are asked for', noted, ['--severity', 'note'], 1],
    ['a warning that is accepted', accepted, [], 0],
    ['an error', wrong, ['--severity', 'error'], 1],
  ])('%s', async (_, text, options, code) => {
    expect((await ran(...options, written(text))).code).toBe(code)
  })

  test('2 for a wrong command line, 3 for what cannot be read or holds nothing of ours', async () => {
    expect(await ran()).toMatchObject({ code: 2, notes: expect.stringContaining('wants files') as string })
    expect(await ran('--severity', 'bad', 'x')).toMatchObject({ code: 2 })
    expect(await ran('--json', '--sarif', 'x')).toMatchObject({ code: 2 })
    expect(await ran('/nonexistent')).toMatchObject({ code: 3 })
    expect(await ran(written('kind: ConfigMap\napiVersion: v1\n'))).toMatchObject({
      code: 3,
      notes: expect.stringContaining('no object of hipaa-mcp.dev') as string,
    })
  })
})

const sample = (spec: Spec): void => {
  for (const tool of spec.tools) tool.returns = { fields: ['/code', '/onset'], text: 'Drop' }
}

describe('with a trail', () => {
  const day = 86_400_000
  /** A trail in which clinicians called one tool, that was in force for so many days, and was witnessed at the end. */
  async function aTrailOf(days: number): Promise<{ folder: string; witness: string }> {
    const clock = { now: 1_790_000_000_000 }
    const store = await anEmbeddedStore()
    const trail = await aTrail(store, clock)
    const then = (ago: number): string => at(clock.now - ago * day)
    const process = await Process.started(trail)
    await process.write(
      anOrders({ at: then(days) }),
      anIntent('old', { tool: 'list_medications', at: then(days) }),
      aResult('old', { kept: { '/onset': 1 }, at: then(days) }),
      anIntent('new', { tool: 'get_diagnosis', at: then(1) }),
      aResult('new', { kept: { '/code': 1 }, at: then(1) }),
      aClose(),
    )
    await process.checkpoint()
    await trail.sweep()
    const folder = join(aFolder(), 'trail')
    return { folder, witness: await exported(trail, store, folder) }
  }

  verifies(
    'minimum:linter-use',
    'of forty days: what was not used in the last thirty, at its line',
    async () => {
      const { folder, witness } = await aTrailOf(40)
      const file = written(yaml(sample))
      const { code, out } = await ran('--trail', folder, '--witness', witness, file)
      const all = await findings('--trail', folder, file)

      expect(code).toBe(1)
      expect(out.replaceAll(/\s+/g, ' ')).toContain('Trail of clinic/ehr, verified: 1 call from 2026-')
      expect(all.map(({ rule, place, severity }) => [rule, place, severity])).toEqual([
        ['unused-part', '/spec/tools/1/name', 'warning'],
        ['unused-part', '/spec/tools/2/name', 'warning'],
        ['unused-role', '/spec/roles/1/name', 'warning'],
        ['unused-field', '/spec/tools/0/returns/fields/1', 'warning'],
      ])
      const lines = readFileSync(file, 'utf8').split('\n')
      expect(lines[(all[0]?.line ?? 0) - 1]).toContain('list_medications')
    },
  )

  verifies('minimum:linter-use', 'of ten days: notes, and it says why', async () => {
    const { folder } = await aTrailOf(10)
    const { code, out } = await ran('--trail', folder, written(yaml(sample)))

    expect(code).toBe(0)
    expect(out.replaceAll(/\s+/g, ' ')).toContain('watched for 10 of 30 days: it is too early')
  })

  verifies(
    'minimum:linter-use',
    'that does not verify, or is of another server, nothing is told',
    async () => {
      const made = await anExport()
      tamper(made.folder, made.closed.origin, (lines) => lines.with(4, `${lines[4]} `))
      const other = written(yaml(sample).replace('namespace: clinic', 'namespace: lab'))
      const { folder } = await aTrailOf(40)

      expect(await ran('--trail', made.folder, written(yaml(sample)))).toMatchObject({
        code: 3,
        out: '',
        notes: expect.stringContaining('does not verify') as string,
      })
      expect(await ran('--trail', folder, other)).toMatchObject({
        code: 3,
        notes: expect.stringContaining('no file holds that HipaaMcpServer') as string,
      })
      expect(await ran('--trail', folder, '--days', 'many', other)).toMatchObject({ code: 2 })
    },
  )
})

test('an accepted finding is shown with its reason, in every form', async () => {
  const file = written(
    yaml((spec) => void (spec.profile = 'Development'), 'profile-development: a cluster without patients'),
  )

  expect((await ran(file)).out).toMatch(
    /accepted {2}profile-development[^]*reason {2}a cluster without patients[^]*1 accepted\.$/,
  )
  expect((await findings(file))[0]).toMatchObject({ accepted: 'a cluster without patients' })
  const log = JSON.parse((await ran('--sarif', file)).out) as Log
  expect(log.runs[0]?.results?.[0]?.suppressions).toEqual([
    { kind: 'inSource', status: 'accepted', justification: 'a cluster without patients' },
  ])
})

test('text fits 80 columns and says place, law, why and what to write', async () => {
  const { out } = await ran('--severity', 'note', 'crds/examples', 'config/samples')

  expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  expect(out).toMatch(/^ {2}9:3 {2}warning {2}training-unchecked {2}45 CFR 164\.308\(a\)\(5\)$/m)
})

verifies('minimum:linter-form', 'examples and samples hold no error', async () => {
  const all = await findings('crds/examples', 'config/samples')

  expect(all.filter(({ severity }) => severity === 'error')).toEqual([])
  expect(all.length).toBeGreaterThan(0)
  expect(readdirSync('crds/examples').length).toBeGreaterThan(3)
})

test('SARIF names each rule once, points to it by index, and counts lines and columns from 1', async () => {
  const { out } = await ran('--sarif', '--severity', 'note', 'crds/examples')
  const log = JSON.parse(out) as Log
  const [only, ...more] = log.runs
  const rules = only?.tool.driver.rules ?? []
  const results = only?.results ?? []

  expect([log.version, more]).toEqual(['2.1.0', []])
  expect(rules.map(({ id }) => id)).toEqual([...formRules, ...allRules].map(({ id }) => id))
  expect(results.length).toBeGreaterThan(5)
  for (const { ruleId, ruleIndex = -1, locations = [], level } of results) {
    expect(rules[ruleIndex]?.id).toBe(ruleId)
    expect(rules[ruleIndex]?.defaultConfiguration?.level).toBe(level)
    const { artifactLocation, region } = locations[0]?.physicalLocation ?? {}
    expect(artifactLocation?.uri).toMatch(/^crds\/examples\/[a-z]+\.yaml$/)
    expect(Math.min(region?.startLine ?? 0, region?.startColumn ?? 0)).toBeGreaterThan(0)
  }
})

test('docs/policy-linter.md lists every rule', () => {
  const text = readFileSync('docs/policy-linter.md', 'utf8')

  expect([...formRules, ...allRules].filter(({ id }) => !text.includes(`\`${id}\``))).toEqual([])
  expect(commands.some(({ name }) => name === 'check')).toBe(true)
})

verifies(
  'minimum:linter-form',
  'an object that stands there twice is found, in one file and in two',
  async () => {
    const one = written(`${yaml()}---\n${yaml()}`)
    const other = written(yaml(), 'again.yaml')

    const all = await findings(one, other)

    const twice = all.filter(({ rule }) => rule === 'object-twice')
    expect(twice.map(({ file, severity }) => [file, severity])).toEqual([
      [one, 'error'],
      [other, 'note'],
    ])
    expect(twice[0]?.found).toBe(`HipaaMcpServer clinic/ehr stands in ${one} on line 4 as well`)
    expect(twice[0]?.line).toBeGreaterThan(10)
    expect((await findings(other)).filter(({ rule }) => rule === 'object-twice')).toEqual([])
  },
)

verifies('minimum:linter-form', 'what a file holds is never a command for a terminal or for CI', async () => {
  const name =
    'ehr\u001b]0;owned\u0007\n::error::owned\r\u009b2J\u2028 ::error::a ##[error]b ##vso[task]c \u202e'
  const object = { ...aCleanServer(), [name]: 1, metadata: { name, namespace: name } }

  const { out, code } = await ran(written(JSON.stringify(object)))

  expect(code).toBe(1)
  expect(out).toContain('\\u001b]0;owned\\u0007\\u000a:\\u003aerror:\\u003aowned')
  expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  expect(out).not.toMatch(/^\s*::[a-z]/m)
  expect(out).not.toMatch(/##(?:\[|vso\[)/)
})
