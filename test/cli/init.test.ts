// The first policy of a server, read from real servers of both generations of the official SDK.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { greet } from '../../cli/init/handshake.ts'
import { patience, stdioWire } from '../../cli/init/stdio.ts'
import { topics } from '../../cli/init/topics.ts'
import { compilePolicy } from '../../core/compile.ts'
import { fieldIssue } from '../../core/fields/path.ts'
import { parsePolicy } from '../../core/parse-policy.ts'
import { policyText } from '../../core/policy.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { verifies } from '../verifies.ts'
import { everything, first, oldServer, type Running, sampleEhr } from './init-servers.ts'

const ran = async (...args: string[]) => await hipaaMcp(args)

let folder = ''
const running: { sample: Running; old: Running; all: Running } = {} as never
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hipaa-mcp-init-'))
  Object.assign(running, { sample: await sampleEhr(), old: await oldServer(), all: await everything() })
})
afterAll(async () => {
  for (const one of Object.values(running)) await one.end()
  rmSync(folder, { recursive: true, force: true })
})

const stdio = join(import.meta.dirname, '../sample/ehr-stdio.ts')

/** The policy of a manifest, as a sidecar takes it. */
function policyOf(text: string): NonNullable<ReturnType<typeof parsePolicy>> {
  const compiled = compilePolicy(parse(text) as HipaaMcpServer, {
    agreements: [],
    clientCa: 'the operator’s own',
  })
  if ('issues' in compiled) throw new Error(compiled.issues.join('\n'))
  return parsePolicy(policyText(compiled.policy)) as NonNullable<ReturnType<typeof parsePolicy>>
}

verifies(
  'minimum:first-policy',
  'the sample EHR gets this manifest, over standard input and output',
  async () => {
    const { code, out, notes } = await ran(
      'init',
      '--command',
      process.execPath,
      '-n',
      'clinic',
      '--name',
      'ehr',
      '--',
      stdio,
    )

    expect(code).toBe(0)
    // On a busy machine it says before that it waits.
    expect(notes.split('\n').at(-1)).toBe(
      '3 tools read; 5 narrow ones proposed, 3 things left out with a reason',
    )
    // Looked at by people: what changes here, changes what they are asked to sign.
    await expect(`${out}\n`).toMatchFileSnapshot('../golden/init-sample-ehr.yaml')
  },
)

verifies('minimum:first-policy', 'the manifest compiles, and check finds nothing in it', async () => {
  const file = join(folder, 'ehr.yaml')
  const { code } = await ran('init', '--url', running.sample.url, '-o', file)
  expect(code).toBe(0)

  const policy = policyOf(readFileSync(file, 'utf8'))

  expect(policy.tools.map(({ name }) => name)).toEqual([
    'get_diagnosis',
    'list_medications',
    'list_observations',
    'list_encounters',
    'check_coverage',
  ])
  expect(policy.tools.every(({ patient }) => patient === '/patient_id')).toBe(true)
  expect(policy.roles.map(({ name, purposes }) => [name, purposes])).toEqual([
    ['clinician', ['TREAT']],
    ['billing', ['HPAYMT']],
  ])
  const checked = await ran('check', file)
  expect(checked.code, checked.out).toBe(0)
})

verifies('minimum:first-policy', 'nothing is called, and no resource read, until --sample asks', async () => {
  running.sample.asked.length = 0

  await ran('init', '--url', running.sample.url)

  expect(running.sample.asked).toContain('tools/list')
  expect(running.sample.asked.filter((method) => /call|read|get/.test(method))).toEqual([])
})

verifies('minimum:first-policy', 'of a sample names and types are kept, and no value', async () => {
  const args = join(folder, 'args.json')
  writeFileSync(args, JSON.stringify({ patient_id: first.patient.id }))

  const { code, out, notes } = await ran(
    'init',
    '--url',
    running.sample.url,
    '--sample',
    `get_patient_record @${args}`,
  )

  expect(code).toBe(0)
  expect(running.sample.asked.filter((method) => method === 'tools/call')).toHaveLength(1)
  expect(out).toMatch(/^# .*Called once for the shape/m)
  expect(policyOf(out).tools.map(({ name }) => name)).toContain('get_diagnosis')
  const values = textsIn(first).filter((text) => !own.has(text))
  expect(values.length).toBeGreaterThan(40)
  expect(values.filter((text) => `${out}${notes}`.includes(text))).toEqual([])
})

/** What the manifest says in words of its own. */
const own = new Set(['Patient', 'Condition', 'Observation', 'Encounter', 'MedicationRequest', 'finished'])

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.length > 6 ? [value] : []
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

test('a sample that fails says so in no word of the server', async () => {
  const failed = await ran(
    'init',
    '--url',
    running.sample.url,
    '--sample',
    'get_patient_record {"patient_id":"Fluegel"}',
  )
  const unknown = await ran('init', '--url', running.sample.url, '--sample', 'nothing {}')

  expect(failed).toMatchObject({ code: 3, out: '' })
  expect(failed.notes).toBe('get_patient_record reports an error: check the arguments of --sample')
  expect(unknown.code).toBe(2)
})

function behindWorkload(text: string): string {
  return text.slice(text.indexOf('  identity:'))
}

test('the same server gives the same manifest over every way to it', async () => {
  const named = ['-n', 'clinic', '--name', 'ehr']
  const [once, again] = [
    await ran('init', '--url', running.sample.url, ...named),
    await ran('init', '--url', running.sample.url, ...named),
  ]
  const piped = await ran('init', '--command', `${process.execPath} ${stdio}`, ...named)

  expect(again.out).toBe(once.out)
  // Only the workload differs: where a server is reached.
  expect(behindWorkload(piped.out)).toBe(behindWorkload(once.out))
  expect(once.out).toMatch(/MCP\s+(# )?2026-07-28/)
})

test('a server of the first generation is read page by page, over a session', async () => {
  const { code, out } = await ran('init', '--url', running.old.url)

  expect(code).toBe(0)
  expect(out).toMatch(/old-ehr 0\.9\.0 offers 2 tools/)
  expect(out).toMatch(/2025-11-25/)
  const { tools } = policyOf(out)
  expect(tools.map(({ name, patient }) => [name, patient])).toEqual([
    ['getConditions', '/patientId'],
    ['getVitals', '/patientId'],
  ])
})

test('what writes, searches, runs queries or hands out records is left out with what to do', async () => {
  const { code, out } = await ran('init', '--url', running.all.url)
  const flat = out.replaceAll(/\n\s*#/g, ' ').replaceAll(/\s+/g, ' ')

  expect(code).toBe(0)
  for (const says of [
    /run_query: it runs what the caller writes: who calls it makes the policy/,
    /create_note: it changes records: its name says create/,
    /delete_patient: it changes records: its name says delete\. To do: .*Leave deleting out for good/,
    /retire: it changes records: the server marks it destructive/,
    /find_patients: it searches over patients/,
    /get_chart: it hands out whole records/,
    /thing: nothing says what it returns/,
    /get_allergies: it returns patient data and no argument names the patient/,
    /1 resource whose addresses are not shown/,
  ])
    expect(flat).toMatch(says)
  const policy = policyOf(out)
  expect(policy.tools.map(({ name }) => name)).toEqual([
    'list_medications',
    'list_medications_of_get_chart',
    'list_observations',
    'risk_score',
  ])
  expect(policy.prompts.map(({ name }) => name)).toEqual(['brief'])
  expect(policy.resources).toMatchObject([
    { name: 'observations', uri: 'ehr://patients/{patient}/labs', patient: 'patient' },
  ])
  const file = join(folder, 'all.yaml')
  writeFileSync(file, out)
  // What is left is for people: that one role has all there is, and what a prompt says.
  const checked = await ran('check', file, '--severity', 'error')
  expect(checked.code, checked.out).toBe(0)
})

test('fields of an output schema go leaf by leaf, without those that identify by their name', async () => {
  const { out } = await ran('init', '--url', running.all.url)

  const { tools } = policyOf(out)
  const fields = (name: string) => tools.find((tool) => tool.name === name)?.returns.fields
  expect(fields('list_medications_of_get_chart')).toEqual(['/medications/*/drug', '/medications/*/dose'])
  expect(fields('list_observations')).toEqual(['/vitals/*/kind', '/vitals/*/value', '/vitals/*/taken_at'])
  expect(fields('risk_score')).toEqual(['/score', '/computed'])
  expect(out).toContain('# left out: /patient_name: a name, 164.514(b)(2)(i)(A)')
  expect(out).toContain('# left out: /phone: a telephone number, 164.514(b)(2)(i)(D)')
})

test('arguments of a narrow tool are plain values, and free text goes', async () => {
  const { out } = await ran('init', '--url', running.all.url)

  const { arguments: schema } = policyOf(out).tools.find(({ name }) => name === 'list_medications') ?? {}
  expect(schema).toEqual({
    type: 'object',
    properties: {
      patient_id: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
      status: { type: 'string', pattern: '^[A-Za-z0-9|:/._-]{1,128}$' },
      since: { type: 'string', pattern: '^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$' },
      limit: { type: 'integer', minimum: 1, maximum: 100 },
    },
    required: ['patient_id'],
  })
  expect(out).toContain('# left out: comment: free text')
})

verifies(
  'minimum:first-policy',
  'the server’s own words that hold an identifier are not in the manifest',
  async () => {
    const { out, notes } = await ran('init', '--url', running.all.url)

    expect(`${out}${notes}`).not.toMatch(/Fluegel|212-555|4711/)
  },
)

verifies('minimum:first-policy', 'every field by type of FHIR is an element that there is', () => {
  const paths = topics.flatMap(({ fields }) => fields.map(({ path }) => path))

  expect(new Set(topics.map(({ type }) => type)).size).toBeGreaterThanOrEqual(20)
  expect(paths.flatMap((path) => fieldIssue(path) ?? [])).toEqual([])
  // None is a resource as a whole, a reference, a note, or a name.
  expect(
    paths.filter((path) =>
      /^[A-Z]\w+$|\.(?:subject|patient|performer|note|text|name|identifier|telecom|address)$/.test(path),
    ),
  ).toEqual([])
})

test.each([
  [['init'], 2, /exactly one of/],
  [['init', '--url', 'x', '--command', 'y'], 2, /exactly one of/],
  [['init', '--url', 'ftp://x'], 2, /--url wants/],
  [['init', '--url', 'http://127.0.0.1:1/mcp', 'more'], 2, /Only --command/],
  [['init', '--url', 'http://127.0.0.1:1/mcp'], 3, /127\.0\.0\.1:1 cannot be reached: ECONNREFUSED/],
  [['init', '--command', '/nonexistent/server'], 3, /cannot be started/],
  [['init', '--command', `${process.execPath} -e 0`], 3, /ended before it had answered/],
  [['init', '--from', 'deployment/ehr'], 2, /--namespace/],
  [['init', '--from', 'ehr', '-n', 'clinic'], 2, /--from wants/],
])('%j exits %i and says what to do', async (args, code, says) => {
  const said = await ran(...args)

  expect(said).toMatchObject({ code, out: '' })
  expect(said.notes).toMatch(says)
})

test('a program that never answers is given up within fifteen seconds, told of meanwhile, and ended', async () => {
  const asked: (string | undefined)[] = []
  const waits = { probe: 50, greeting: 50, answer: 50 }
  const deaf = 'process.stdin.resume(); setInterval(() => undefined, 1000)'
  const wire = stdioWire(process.execPath, ['-e', deaf], (what) => asked.push(what), waits)

  await expect(greet(wire)).rejects.toThrow(
    /runs and does not answer initialize: is it a server that speaks MCP on standard input and output\?/,
  )
  await wire.end()

  expect(asked).toEqual(['server/discover', undefined, 'initialize', undefined])
  expect(patience.probe + patience.greeting).toBeLessThanOrEqual(15_000)
})

verifies('minimum:first-policy', 'what has a name that no policy holds is counted as left out', async () => {
  const schema = { type: 'object', properties: { patient_id: { type: 'string' } } }
  const answers = {
    initialize: {
      protocolVersion: '2025-11-25',
      serverInfo: { name: 'EHR: of (Boise)', version: '7' },
    },
    'tools/list': {
      tools: ['get_labs', 'labs/of', '検査', ''].map((name) => ({ name, inputSchema: schema })),
    },
    'prompts/list': { prompts: [{ name: 'two words' }] },
  }
  const server = `const answers = ${JSON.stringify(answers)}
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, method } = JSON.parse(line)
      const said = answers[method] === undefined ? { error: { code: -32601, message: '' } } : { result: answers[method] }
      if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, ...said }))
    })`

  const { out, notes } = await ran('init', '--command', process.execPath, '--', '-e', server)

  expect(notes).toContain('4 tools read; 1 narrow ones proposed, 2 things left out')
  expect(out).toMatch(/a server offers 4 tools, .* 1\s+(?:# )?prompt/)
  expect(out.replaceAll(/\n +# +/g, ' ')).toMatch(/- 3 tools whose name is not shown, 1 prompt whose/)
  // Its version is not its name.
  expect(out).toContain('name: ehr # FILL IN')
})
