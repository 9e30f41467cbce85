import { spawnSync } from 'node:child_process'
import { createSecretKey } from 'node:crypto'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { fhirRedactor } from '../../../cli/redact/fhir.ts'
import { Output } from '../../../cli/redact/output.ts'
import { redactLines } from '../../../cli/redact/stream.ts'

const main = join(import.meta.dirname, '../../../cli/main.ts')
const by = { key: createSecretKey(Buffer.alloc(32, 7)), bornFrom: 1937 }
const patient = { resourceType: 'Patient', id: 'p1', gender: 'female', birthDate: '1980-02-03' }
const observation = { resourceType: 'Observation', status: 'final', subject: { reference: 'Patient/p1' } }

async function redacted(input: string): Promise<object[]> {
  let out = ''
  const to = new Writable({
    write: (chunk: Buffer, _, done) => {
      out += chunk.toString()
      done()
    },
  })
  await redactLines(Readable.from([Buffer.from(input)]), new Output(to), fhirRedactor(by), () => undefined)
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as object)
}

test('resources come one a line, or one in all, and those of one run keep referring to each other', async () => {
  const lines = await redacted(`${JSON.stringify(patient)}\n${JSON.stringify(observation)}\n`)
  const document = await redacted(JSON.stringify(patient, null, 2))

  expect(lines).toHaveLength(2)
  expect(document).toEqual(lines.slice(0, 1))
  const [one, other] = lines as [{ id: string }, { subject: { reference: string } }]
  expect(other.subject.reference).toBe(`Patient/${one.id}`)
  expect(one).toEqual({ resourceType: 'Patient', id: one.id, gender: 'female', birthDate: '1980' })
  expect(one.id).not.toContain('p1')
})

test.each([
  ['what is no resource', '{"text":"Elowen"}', /^line 1: it is no resource of FHIR R4/],
  ['a type that R4 does not know', '{"resourceType":"Elowen"}', /^line 1: it is no resource of FHIR R4/],
  ['a document that breaks off', '{\n"resourceType":"Elowen"', /^it is not JSON/],
  ['a line that breaks off', `${JSON.stringify(patient)}\n{"resourceType"`, /^line 2: it is not JSON/],
])('%s stops it, and nothing of it is said', async (_, input, says) => {
  const fault = await redacted(input).catch((error: unknown) => error)

  expect((fault as Error).message).toMatch(says)
  expect((fault as Error).message).not.toContain('Elowen')
})

test('the command reads files, and names one that it cannot read by its place', () => {
  const { status, stderr } = spawnSync(process.execPath, [
    main,
    'redact',
    '--fhir',
    '/nonexistent/Elowen.json',
  ])

  expect(status).toBe(3)
  expect(stderr.toString()).toBe('file 1 cannot be read: ENOENT\n')
})
