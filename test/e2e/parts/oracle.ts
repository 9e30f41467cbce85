// Answers of the real pod, held against what FHIRPath finds permitted in the EHR's own resources.

import { expect } from 'vitest'
import { call } from '../../demo/calls.ts'
import { leaksOf } from '../../oracle/leaks.ts'
import type { Resource } from '../../sample/fhir.ts'
import { verifies } from '../../verifies.ts'
import type { Stage } from './stage.ts'

/** The fields of the clinic's policy (test/demo/manifests/server.yaml), below the resources that the EHR returns. */
const tools = [
  { tool: 'get_diagnosis', list: 'conditions', fields: ['/code', '/clinicalStatus', '/onsetDateTime'] },
  {
    tool: 'list_medications',
    list: 'medications',
    fields: ['/medicationCodeableConcept/text', '/status', '/dosageInstruction/*/text'],
  },
] as const

export function oracle(stage: Stage): void {
  for (const { tool, list, fields } of tools)
    verifies('minimum:oracle', `${tool} in a pod, for patients of bundles and of the generator`, async () => {
      const { records } = stage()
      const some = [...records.slice(0, 6), ...records.slice(-4)]
      let judged = 0
      for (const record of some) {
        const outcome = await call(stage(), tool, { patient_id: record.patient.id })
        if (!outcome.ok) throw new Error(JSON.stringify(outcome))
        const { structuredContent, content = [] } = outcome.result
        const shown = (structuredContent as { [list: string]: unknown[] })[list] ?? []
        const given: readonly Resource[] = record[list]

        expect(Object.keys(structuredContent as object).filter((member) => member !== list)).toEqual([])
        expect(content.map(({ text }) => JSON.parse(text ?? '') as unknown)).toEqual([structuredContent])
        // Resources of which something is left stand in their order.
        expect(shown).toHaveLength(given.length)
        for (const [at, one] of shown.entries())
          expect(leaksOf(given[at] as Resource, one, { fields, text: 'Redact' }), `${tool} ${at}`).toEqual([])
        // One value more than the policy permits would be found.
        for (const [at, one] of shown.entries()) {
          const more = { ...(one as object), recorder: { display: 'one value more' } }
          const leaks = leaksOf(given[at] as Resource, more, { fields, text: 'Redact' })
          expect(leaks.map(({ place }) => place)).toEqual(['/recorder/display'])
        }
        judged += shown.length
      }
      expect(judged).toBeGreaterThan(10)
    })
}
