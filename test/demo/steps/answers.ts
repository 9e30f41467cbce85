// What an agent gets, beside what the bare server would have handed out.

import { stringify } from 'yaml'
import type { Outcome } from '../../sample/agent.ts'
import { call, list } from '../calls.ts'
import { claim } from '../claims.ts'
import { leaksIn } from '../leaks.ts'
import type { Clinic } from '../scene.ts'
import { columns, say } from '../screen.ts'
import type { Bare } from './before.ts'

/** Everything that came back, as text. */
const textOf = (outcome: Outcome): string => (outcome.ok ? JSON.stringify(outcome.result) : '')

export async function answers(clinic: Clinic, { record, answer, notes }: Bare): Promise<void> {
  const patient_id = record.patient.id
  const tools = await list(clinic)
  claim(
    `the clinician’s agent sees the tools of its role, and no broad one: ${tools.join(', ')}`,
    !tools.includes('get_patient_record') &&
      !tools.includes('search_patients') &&
      tools.includes('get_diagnosis'),
  )
  const billing = await list(clinic, { person: 'billing' })
  claim(`the billing agent sees its own: ${billing.join(', ')}`, billing.join() === 'check_coverage')

  const diagnosis = await call(clinic, 'get_diagnosis', { patient_id })
  columns(
    { title: 'bare: get_patient_record', text: excerpt(answer) },
    { title: 'guarded: get_diagnosis', text: excerpt(diagnosis) },
    true,
  )
  claim('the diagnosis is there', textOf(diagnosis).includes(nameOfCondition(record.conditions[0])))
  claim(
    'and nothing that identifies the patient, in content or in structuredContent',
    diagnosis.ok && leaksIn(textOf(diagnosis), record).length === 0,
    leaksIn(textOf(diagnosis), record).join(', '),
  )

  const read = await call(clinic, 'read_notes', { patient_id })
  say('Free text of the same visits:')
  columns(
    { title: 'in the database', text: notes.slice(0, 420) },
    { title: 'what the agent reads', text: notesIn(read).slice(0, 420) },
  )
  claim(
    'names, MRN, SSN, phone, e-mail and dates in the notes are replaced',
    read.ok && notesIn(read).length > 60 && leaksIn(textOf(read), record).length === 0,
    leaksIn(textOf(read), record).join(', '),
  )

  const modern = await call(clinic, 'get_diagnosis', { patient_id }, { revision: '2026-07-28' })
  claim(
    'both revisions of MCP are served alike: 2025-11-25 and 2026-07-28',
    modern.ok &&
      diagnosis.ok &&
      JSON.stringify(modern.result.structuredContent) === JSON.stringify(diagnosis.result.structuredContent),
    modern.ok ? '' : modern.says,
  )
}

const nameOfCondition = (condition: { [member: string]: unknown } | undefined): string =>
  (condition?.['code'] as { text?: string } | undefined)?.text ?? 'no condition'

const notesIn = (outcome: Outcome): string => {
  const { notes = [] } = (outcome.ok ? outcome.result.structuredContent : {}) as {
    notes?: { text?: string }[]
  }
  return notes.map(({ text }) => text ?? '').join('\n')
}

/** The first lines of an answer, as YAML: it reads shorter than JSON. */
function excerpt(outcome: Outcome, most = 16): string {
  if (!outcome.ok) return outcome.says
  const all = stringify(outcome.result.structuredContent, { lineWidth: 0 }).trimEnd().split('\n')
  return [...all.slice(0, most), ...(all.length > most ? [`… ${all.length - most} more lines`] : [])].join(
    '\n',
  )
}
