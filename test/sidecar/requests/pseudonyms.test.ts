// Identifiers as pseudonyms and dates moved, through the whole path: what stays the same for whom, and what does not.

import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { Policy, Returns } from '../../../core/policy.ts'
import { policyIssues } from '../../../core/policy-issues.ts'
import { withValue } from '../../support/mcp-server.ts'
import { aCall } from '../../support/message.ts'
import { aPolicy, aRole, aTool } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const roles = [aRole({ purposes: ['TREAT', 'HPAYMT'] })]
const usual: Returns = {
  fields: ['/visits', '/zip'],
  pseudonyms: ['/patient'],
  patients: [],
  text: 'Redact',
  media: 'Drop',
}
const aPolicyThat = (returns: Partial<Returns>, redaction: Policy['redaction'] = { dates: 'Shift' }) =>
  aPolicy({ roles, redaction, tools: [aTool({ returns: { ...usual, ...returns } })] })

const years = (value: number) => ({ value, unit: 'years', code: 'a' })
const bornIn = (year: number) => ({
  patient: { dob: `03/04/${year}`, birthDate: `${year}-03-04` },
  on: `${year}-05-06`,
})

let scene: Scene
beforeAll(async () => {
  scene = await aScene()
})
afterAll(async () => await scene.end())
afterEach(() => {
  scene.forget()
  expect(scene.faults.splice(0)).toEqual([])
})

type Shown = { patient?: string; visits?: { on?: string; note?: string }[]; zip?: string }

async function shown(patient: string, purpose = 'TREAT'): Promise<Shown> {
  scene.upstream.answering = withValue({
    patient,
    zip: '83701',
    visits: [{ on: '2024-03-05', note: `${patient} came on 2024-03-05.` }, { on: '2024-03-19' }],
  })
  const reply = await scene.ask(aCall({ patient_id: patient }, { purpose }))
  expect(reply.text).not.toContain(patient)
  return (reply.json['result'] as { structuredContent: Shown }).structuredContent
}

verifies(
  'minimum:pseudonyms',
  'by value, in structure and in text, stable for joins, another by purpose and epoch',
  async () => {
    scene.use(aPolicyThat({}))
    const [one, again, other] = [await shown('p-1001'), await shown('p-1001'), await shown('p-1002')]
    const paid = await shown('p-1001', 'HPAYMT')
    scene.use(aPolicyThat({}, { dates: 'Shift', epoch: '2026-q4' }))
    const rotated = await shown('p-1001')

    expect(again).toEqual(one)
    expect(one.visits?.[0]?.note).toBe(`${one.patient} came on [DATE].`)
    expect(new Set([one, other, paid, rotated].map(({ patient }) => patient)).size).toBe(4)
    expect(scene.trail.of('result')[0]?.redacted).toMatchObject({ pseudonym: 2 })
  },
)

const dates = async (rule: 'Year' | 'Shift', born: number) => {
  scene.use(aPolicyThat({ fields: [''], pseudonyms: [] }, { dates: rule }))
  scene.upstream.answering = withValue(bornIn(born))
  const { json } = await scene.ask(aCall())
  return (json['result'] as { structuredContent: object }).structuredContent
}

const days = async (patient: string): Promise<[number, number]> =>
  (await shown(patient)).visits?.map(({ on }) => Date.parse(on as string) / 864e5) as [number, number]

verifies('minimum:shifted-dates', 'intervals stay, and each patient has days of their own', async () => {
  scene.use(aPolicyThat({}))
  const [first, second] = [await days('p-1001'), await days('p-1002')]

  expect(first[1] - first[0]).toBe(14)
  expect(second[1] - second[0]).toBe(14)
  expect(first[0]).not.toBe(Date.parse('2024-03-05') / 864e5)
  expect(first[0]).not.toBe(second[0])
})

verifies('minimum:shifted-dates', 'a result about two patients has no dates', async () => {
  scene.use(aPolicyThat({ patients: ['/visits/*/with'] }))
  scene.upstream.answering = withValue({ visits: [{ on: '2024-03-05', with: 'p-2000' }] })

  const { text } = await scene.ask(aCall({ patient_id: 'p-1001' }))

  expect(text).toContain('visits')
  expect(text).not.toMatch(/20\d\d-\d\d/)
})

verifies(
  'minimum:ages',
  'as numbers, as text and as FHIR Age, in structure and in text; other numbers stay',
  async () => {
    scene.use(aPolicyThat({ fields: [''], pseudonyms: [] }))
    const value = {
      patient: { age: 97, age_at_visit: '95', page: 97 },
      conditions: [
        { resourceType: 'Condition', onsetAge: years(93), abatementAge: { value: 97, code: 'mo' } },
      ],
      pulse: 97,
      young: { age: 89 },
    }
    scene.upstream.answering = withValue(value)

    const { json } = await scene.ask(aCall())

    const { structuredContent, content } = json['result'] as {
      structuredContent: object
      content: { text: string }[]
    }
    expect(structuredContent).toEqual({
      ...value,
      patient: { age: 90, age_at_visit: '90', page: 97 },
      conditions: [{ ...value.conditions[0], onsetAge: { ...years(90), comparator: '>=' } }],
    })
    expect(JSON.parse(content[0]?.text ?? '')).toEqual(structuredContent)
    expect(scene.trail.of('result')[0]?.redacted).toMatchObject({ age: 3 })
  },
)

verifies(
  'minimum:ages',
  'a year of birth that tells one is not shown, under whatever rule for dates',
  async () => {
    const year = new Date().getUTCFullYear()

    expect(await dates('Year', year - 90)).toEqual({ patient: {}, on: String(year - 90) })
    expect(await dates('Year', year - 89)).toEqual({
      patient: { dob: String(year - 89), birthDate: String(year - 89) },
      on: String(year - 89),
    })
    expect(await dates('Shift', year - 90)).toMatchObject({ patient: {} })
  },
)

verifies('minimum:zip-codes', 'in a member that is called so', async () => {
  scene.use(aPolicyThat({}))

  expect((await shown('p-1001')).zip).toBe('837')
})

verifies(
  'minimum:pseudonyms',
  'a policy that keeps text as it is beside them is refused, with what to write',
  () => {
    const issues = policyIssues(aPolicyThat({ text: 'Keep' }))

    expect(issues).toContainEqual(
      expect.stringMatching(/pseudonyms: text Keep shows what they hide: write Redact or Drop/),
    )
    expect(policyIssues(aPolicyThat({}))).toEqual([])
  },
)
