// Every FHIR resource at hand, for every role and purpose of a set of policies, through the whole request path: what comes
// out is held against what FHIRPath finds permitted in the original.

import { afterAll, beforeAll, expect } from 'vitest'
import { identifyingIn, leaksOf } from '../../oracle/leaks.ts'
import { policyOf, type Row, rows } from '../../oracle/policies.ts'
import { fhirResources, type Source } from '../../oracle/resources.ts'
import { dataFolder } from '../../support/data-folder.ts'
import { withValue } from '../../support/mcp-server.ts'
import { aCall } from '../../support/message.ts'
import { aPolicy } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
let sources: Source[]
let says: string
beforeAll(async () => {
  ;[scene, { sources, says }] = await Promise.all([aScene({ policy: policyOf(rows) }), fhirResources()])
})
afterAll(async () => await scene.end())

type Answer = { status: number; text: string; shown: unknown; blocks: string[] }

async function answered({ resource }: Source, { tool }: Row, as: Row): Promise<Answer> {
  scene.upstream.answering = withValue(resource)
  const token = await tokenOf(as.role)
  const { status, text, json } = await scene.ask({
    ...aCall({ patient_id: 'p-100' }, { tool, purpose: as.purpose }),
    token,
  })
  const result = json['result'] as { structuredContent?: unknown; content?: { text: string }[] } | undefined
  return {
    status,
    text,
    shown: result?.structuredContent,
    blocks: (result?.content ?? []).map((one) => one.text),
  }
}

const tokens = new Map<string, Promise<string>>()
async function tokenOf(role: string): Promise<string> {
  const made = tokens.get(role) ?? scene.token({ realm_access: { roles: [role] } })
  tokens.set(role, made)
  return await made
}

for (const row of rows)
  verifies(
    'minimum:oracle',
    `${row.tool}, as ${row.role} for ${row.purpose}: every resource`,
    async () => {
      const wrong: string[] = []
      let shownLeaves = 0
      for (const source of sources) {
        const { status, shown, blocks } = await answered(source, row, row)
        // The text beside the structure is the same, and nothing else is beside it.
        expect([status, blocks.map((text) => JSON.parse(text) as unknown)], source.name).toEqual([
          200,
          [shown],
        ])
        shownLeaves += JSON.stringify(shown).length
        for (const { what, place } of leaksOf(source.resource, shown, row))
          wrong.push(`${source.name}: ${what} at ${place}`)
      }

      expect(wrong).toEqual([])
      // Something was there to be judged, unless nothing may be shown.
      expect(shownLeaves > sources.length * 2).toBe(row.tool !== 'nothing')
    },
    120_000,
  )

verifies('minimum:oracle', 'what another role or purpose asks for is refused without a value', async () => {
  const probes = [...new Map(sources.map((source) => [source.resource.resourceType, source])).values()]
  const pairs = rows.flatMap((row) => rows.map((as) => ({ row, as })))
  for (const [at, { row, as }] of pairs.entries()) {
    const mayUse = rows.some(
      ({ tool, role, purpose }) => tool === row.tool && role === as.role && purpose === as.purpose,
    )
    if (mayUse) continue
    for (const source of [0, 1, 2].map((turn) => probes[(at * 3 + turn) % probes.length] as Source)) {
      const { status, text, shown } = await answered(source, row, as)

      expect(status === 200 && shown !== undefined, `${row.tool} as ${as.role} for ${as.purpose}`).toBe(false)
      expect(identifyingIn(source.resource, text)).toEqual([])
    }
  }
})

verifies('minimum:oracle', 'a rule that lets out one member more than it says is found', async () => {
  const [row] = rows
  const source = sources.find(({ resource }) => resource['subject'] !== undefined)
  if (row === undefined || source === undefined)
    throw new Error('There is no row, or no resource with a subject')
  scene.use(aPolicy(policyOf([{ ...row, fields: [...row.fields, '/subject/reference'] }, ...rows.slice(1)])))

  const { status, shown } = await answered(source, row, row)

  expect(status).toBe(200)
  expect(leaksOf(source.resource, shown, row).map(({ place }) => place)).toEqual(['/subject/reference'])
  scene.use(aPolicy(policyOf(rows)))
})

verifies('minimum:oracle', 'it judges what there is, of many types', () => {
  const types = new Set(sources.map(({ resource }) => resource.resourceType))
  console.log(`    ${says}, of ${types.size} types`)
  expect(types.size).toBeGreaterThanOrEqual(dataFolder === undefined ? 6 : 25)
})
