// Findings that a person accepted, with a reason, in an annotation of the object:
//
//   hipaa-mcp.dev/accepted: |
//     role-with-all-tools: the clinic has one kind of user
//     limits-wide tools/list_labs: rounds ask for whole wards
//
// A line is a rule, optionally the part that it is accepted for, and the reason. An error is never accepted.

import { acceptedAnnotation } from '../identifiers.ts'
import type { ObjectMeta } from '../kubernetes.ts'
import { at, type Finding } from './finding.ts'

export type Acceptance = { rule: string; subject?: string; reason: string }

const line = /^([a-z0-9]+(?:-[a-z0-9]+)*)(?: ([A-Za-z]+(?:\/[A-Za-z0-9_.-]+)?))?: *(\S.{9,})$/

/** Lines in order; undefined for one that is no acceptance: without a rule, or with a reason of under ten characters. */
export function acceptancesIn(metadata: ObjectMeta): (Acceptance | undefined)[] {
  return (metadata.annotations?.[acceptedAnnotation] ?? '')
    .split('\n')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => {
      const [, rule, subject, reason] = line.exec(text) ?? []
      if (rule === undefined || reason === undefined) return undefined
      return { rule, ...(subject === undefined ? {} : { subject }), reason }
    })
}

/** Whether an acceptance is meant for a finding, whatever its severity. */
export function concerns(acceptance: Acceptance, { rule, subject }: Finding): boolean {
  return acceptance.rule === rule && (acceptance.subject === undefined || acceptance.subject === subject)
}

export const acceptedPlace = at('metadata', 'annotations', acceptedAnnotation)
