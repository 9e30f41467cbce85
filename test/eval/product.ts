// The same texts on the path that results take through the sidecar: a note as a text block of its own, and each of its lines as
// a string of a structured document. What leaves is laid beside what came; what is missing was found.

import { fieldTree } from '../../core/fields/compile.ts'
import { patternTree } from '../../core/pointer.ts'
import { blocksOf, redactBlocks } from '../../core/redaction/content.ts'
import { project, projection } from '../../core/redaction/project.ts'
import { survey } from '../../core/redaction/survey.ts'
import type { Span } from './score.ts'

// Years would be taken for text that stayed.
const rules = { dates: 'Drop', text: 'Redact' } as const
const fields = fieldTree(['/line'])
const by = () => projection(survey(), rules)

/** As an MCP text block: `content[0].text`. */
export function inBlock(text: string): Span[] {
  const returns = {
    fields,
    patients: patternTree([]),
    text: rules.text,
    media: 'Drop',
    whole: false,
  } as const
  const [block] = redactBlocks(blocksOf([{ type: 'text', text }]), { by: by(), returns })
  return removed(text, block?.['text'] as string | undefined)
}

/** As values of `/line`, one for each line. */
export function byLine(text: string): Span[] {
  let start = 0
  return text.split('\n').flatMap((line) => {
    const from = start
    start += line.length + 1
    const { line: left } = project({ line }, fields, by()) as { line?: string }
    return removed(line, left).map((span) => ({ ...span, start: span.start + from, end: span.end + from }))
  })
}

/** Marks of core/redaction/text.ts whose type is called otherwise. */
const types: { readonly [mark: string]: string } = {
  PLACE: 'GEOGRAPHIC_LOCATION',
  PHONE: 'PHONE_NUMBER',
  FAX: 'FAX_NUMBER',
  EMAIL: 'EMAIL_ADDRESS',
  SSN: 'SOCIAL_SECURITY_NUMBER',
  MRN: 'MEDICAL_RECORD_NUMBER',
  PLAN: 'HEALTH_PLAN_BENEFICIARY_NUMBER',
  ACCOUNT: 'ACCOUNT_NUMBER',
  LICENSE: 'CERTIFICATE_LICENSE_NUMBER',
  VEHICLE: 'VEHICLE_IDENTIFIER',
  DEVICE: 'DEVICE_IDENTIFIER',
  IP: 'IP_ADDRESS',
  BIOMETRIC: 'BIOMETRIC_IDENTIFIER',
  ID: 'UNIQUE_IDENTIFIER',
}

/** Where the text that left has marks in the place of what came. Nothing that left is nothing that stayed. */
export function removed(text: string, left: string | undefined): Span[] {
  if (left === undefined) return [{ start: 0, end: text.length, type: 'DROPPED' }]
  if (left === text) return []
  const pieces = left.split(/\[([A-Z]+)\]/)
  const spans: Span[] = []
  let at = (pieces[0] as string).length
  for (let i = 1; i < pieces.length; i += 2) {
    const mark = pieces[i] as string
    const piece = pieces[i + 1] as string
    const last = i + 2 >= pieces.length
    const end = last ? text.length - piece.length : text.indexOf(piece, at + 1)
    if (end < 0) throw new Error('what left is not what came with marks in it')
    spans.push({ start: at, end, type: types[mark] ?? mark })
    at = end + piece.length
  }
  return spans
}
