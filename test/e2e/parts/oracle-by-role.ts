// Every FHIR resource at hand through the real pod, for each role and purpose of a tool whose fields are paths of FHIR elements:
// what comes out is held against what FHIRPath finds permitted in the original.

import { afterAll, beforeAll, expect } from 'vitest'
import { raw } from '../../demo/calls.ts'
import { until } from '../../demo/kubectl.ts'
import { leaksOf } from '../../oracle/leaks.ts'
import { rows } from '../../oracle/policies.ts'
import { fhirResources, type Source } from '../../oracle/resources.ts'
import type { RawAnswer, RawRequest } from '../../sample/agent.ts'
import { aCall } from '../../support/message.ts'
import { verifies } from '../../verifies.ts'
import type { Stage } from './stage.ts'

/** Who asks, for what: fields of a row of the policies that are judged in the request path, too. */
const cells = [
  { person: 'clinician', purpose: 'TREAT', row: 'elements' },
  { person: 'clinician', purpose: 'HOPERAT', row: 'people_by_type' },
  { person: 'billing', purpose: 'HPAYMT', row: 'paths' },
  { person: 'billing', purpose: 'HRESCH', row: 'types' },
] as const
type Cell = (typeof cells)[number]

const fieldsOf = ({ row }: Cell): readonly string[] => rows.find(({ tool }) => tool === row)?.fields ?? []
const tool = 'resources_for_the_oracle'
/** Roles of the identity provider. */
const claims = { clinician: 'Clinician', billing: 'Billing' } as const
const persons = Object.keys(claims) as (keyof typeof claims)[]
const roleOf = (person: string): string => `oracle-${person}`

/** Resources of one record of the EHR, by a name each: of a list it could not be told which one nothing is left of. */
type Held = { readonly id: string; readonly resources: { readonly [name: string]: Source } }

/** In one record: so few that they concern no more patients than a record of the trail names. */
const together = 12

function recordsOf(sources: readonly Source[]): Held[] {
  const records: Held[] = []
  for (let from = 0; from < sources.length; from += together) {
    const some = sources.slice(from, from + together)
    const resources = Object.fromEntries(some.map((source, at) => [`r${at}`, source]))
    records.push({ id: `oracle-${records.length}`, resources })
  }
  return records
}

type Spec = { tools: object[]; roles: object[]; identity: { purpose?: object } }

export function oracleByRole(stage: Stage): void {
  let records: Held[] = []
  let before: Spec | undefined
  const answers = new Map<Cell, RawAnswer[]>()
  const ofOthers: RawAnswer[] = []

  const patch = async (spec: object): Promise<void> => {
    const args = ['patch', 'hipaamcpserver', 'ehr', '-n', 'clinic', '--type=merge', '-p']
    await stage().kubectl.run([...args, JSON.stringify({ spec })])
  }
  /** By standard input: what stands in a command line stands in the logs of a cluster. */
  const database = async (sql: string): Promise<void> => {
    const psql = ['psql', '-h', '/tmp', '-U', 'ehr', '-q', '-v', 'ON_ERROR_STOP=1', '-f', '-']
    await stage().kubectl.run(['exec', '-i', '-n', 'clinic', 'ehr-db-0', '--', ...psql], sql)
  }
  /** By one sign-in: to make one takes longer than all calls. */
  const asked = async (
    person: Cell['person'],
    calls: readonly { readonly id: string; readonly purpose: string }[],
  ): Promise<RawAnswer[]> => {
    const requests = calls.map(({ id, purpose }): RawRequest => {
      const { headers, body } = aCall({ patient_id: id }, { tool, purpose })
      const accepts = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
      return { headers: { ...accepts, ...headers }, body: String(body) }
    })
    return await raw(stage(), requests, { person })
  }
  const isThere = async (): Promise<boolean> => {
    const [answer] = await asked('billing', [{ id: 'oracle-0', purpose: 'HRESCH' }])
    return answer?.text.includes('"structuredContent"') === true
  }

  beforeAll(async () => {
    const { sources } = await fhirResources()
    // The generator's stand in where no others are: the other part of this oracle has them.
    const given = sources.filter(({ name }) => !name.startsWith('generated'))
    records = recordsOf(given.length > 0 ? given : sources)
    const rowsOfTable = records.map(({ id, resources }) => {
      const observations = Object.fromEntries(
        Object.entries(resources).map(([name, { resource }]) => [name, resource]),
      )
      const record = { patient: { resourceType: 'Patient', id }, observations }
      return `('${id}', $oracle$${JSON.stringify(record)}$oracle$)`
    })
    await database(`INSERT INTO records (id, record) VALUES ${rowsOfTable.join(', ')};`)

    const server = await stage().kubectl.get<{ spec: Spec }>('hipaamcpserver', 'ehr', '-n', 'clinic')
    if (server === undefined) throw new Error('The clinic has no HipaaMcpServer ehr')
    before = server.spec
    await patch({
      // The call says its purpose: the sample's tokens have one each.
      identity: { purpose: null },
      roles: [
        ...before.roles,
        ...persons.map((person) => ({
          name: roleOf(person),
          when: { role: claims[person], scopes: ['ehr.read'] },
          purposes: cells.filter((cell) => cell.person === person).map(({ purpose }) => purpose),
          tools: [tool],
          patients: 'Any',
        })),
      ],
      tools: [
        ...before.tools,
        {
          name: tool,
          description: 'Resources of one record',
          from: 'get_patient_record',
          arguments: {
            type: 'object',
            properties: { patient_id: { type: 'string', pattern: '^oracle-[0-9]+$' } },
            required: ['patient_id'],
          },
          with: { sections: ['observations'] },
          patient: '/patient_id',
          returns: {
            fields: ['/nothing'],
            for: cells.map((cell) => ({
              roles: [roleOf(cell.person)],
              purposes: [cell.purpose],
              fields: fieldsOf(cell),
            })),
          },
          limits: {
            callsPerMinute: 6000,
            callsPerPatientPerHour: 100_000,
            patientsPerHour: 1000,
            resultBytes: 8_388_608,
            resultBytesPerHour: 1_073_741_824,
          },
        },
      ],
    })
    await until('the oracle’s tool is in force', 30, async () => ((await isThere()) ? true : undefined))
    for (const person of persons) {
      const own = cells.filter((cell) => cell.person === person)
      const others = cells.filter((cell) => cell.person !== person)
      const all = await asked(person, [
        ...own.flatMap(({ purpose }) => records.map(({ id }) => ({ id, purpose }))),
        ...others.map(({ purpose }) => ({ id: 'oracle-0', purpose })),
      ])
      for (const [at, cell] of own.entries())
        answers.set(cell, all.slice(at * records.length, (at + 1) * records.length))
      ofOthers.push(...all.slice(own.length * records.length))
    }
  })
  afterAll(async () => {
    await database(`DELETE FROM records WHERE id LIKE 'oracle-%';`)
    if (before === undefined) return
    const { roles, tools, identity } = before
    await patch({ roles, tools, identity: { purpose: identity.purpose ?? null } })
    await until('the oracle’s tool is gone', 30, async () => ((await isThere()) ? undefined : true))
  })

  for (const cell of cells)
    verifies(
      'minimum:oracle',
      `every resource in a pod, as ${cell.person} for ${cell.purpose}: paths of FHIR elements`,
      () => {
        const rule = { fields: fieldsOf(cell), text: 'Redact' as const }
        const wrong: string[] = []
        let [shownOf, moreOf] = [0, 0]
        for (const [at, { resources }] of records.entries()) {
          const { shown, texts } = resultIn(answers.get(cell)?.[at])
          expect(texts).toEqual([JSON.stringify(shown)])
          const observations = (shown['observations'] ?? {}) as { [name: string]: unknown }
          for (const [name, one] of Object.entries(observations)) {
            const source = resources[name]
            if (source === undefined) throw new Error(`The EHR has no ${name} in record ${at}`)
            shownOf += 1
            for (const { what, place } of leaksOf(source.resource, one, rule))
              wrong.push(`${source.name}: ${what} at ${place}`)
            // One that shows more than was promised would be found.
            if (moreOf < 20 && leaksOf(source.resource, one, { ...rule, fields: ['Flag.status'] }).length > 0)
              moreOf += 1
          }
        }

        console.log(`    something of ${shownOf} resources is shown`)
        expect(wrong).toEqual([])
        expect(moreOf).toBe(20)
      },
    )

  verifies(
    'minimum:oracle',
    'what is asked for another’s purpose is refused without a value, in a pod',
    () => {
      expect(ofOthers).toHaveLength(cells.length)
      for (const { text } of ofOthers) {
        expect(text).toContain('purpose-not-permitted')
        expect(text).not.toContain('structuredContent')
      }
    },
  )
}

function resultIn(answer: RawAnswer | undefined): { shown: { [member: string]: unknown }; texts: string[] } {
  const { result } = JSON.parse(answer?.text ?? '{}') as {
    result?: { structuredContent?: { [member: string]: unknown }; content?: { text: string }[] }
  }
  if (result?.structuredContent === undefined) throw new Error(`No result: ${answer?.text.slice(0, 300)}`)
  return {
    shown: result.structuredContent,
    texts: (result.content ?? []).map(({ text }) => JSON.stringify(JSON.parse(text))),
  }
}
