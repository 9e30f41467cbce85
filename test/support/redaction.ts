// The redaction of one tool result by itself, without a call around it.

import type { Json } from '../../core/canonical.ts'
import { fieldTree } from '../../core/fields/compile.ts'
import { patternTree } from '../../core/pointer.ts'
import { blocksOf, redactBlocks } from '../../core/redaction/content.ts'
import { type Projection, project, projection } from '../../core/redaction/project.ts'
import type { ReturnRules } from '../../core/redaction/rules.ts'
import { look, type Survey, survey } from '../../core/redaction/survey.ts'
import { redactText, type TextRules } from '../../core/redaction/text.ts'

const usual: TextRules = { dates: 'Year', text: 'Redact' }

/** What was found out about a document. */
export function surveyed(document: Json, places: string[] = []): Survey {
  const known = survey()
  look(document, patternTree(places), known)
  return known
}

/** What stays of a document under these fields, and its account. */
export function projected(
  document: Json,
  fields: string[],
  rules: Partial<TextRules> = {},
): { shown: Json; account: Projection } {
  const account = projection(surveyed(document), { ...usual, ...rules })
  // As it leaves: through JSON, so that prototypes and order are those of the wire.
  const shown = JSON.parse(JSON.stringify(project(document, fieldTree(fields), account))) as Json
  return { shown, account }
}

/** What stays of one text, given a document that tells who the patient is. */
export function redacted(text: string, about: Json = {}, rules: Partial<TextRules> = {}): string | undefined {
  return redactText(text, surveyed(about), { ...usual, ...rules }, { redacted: {}, dropped: {} })
}

/** What stays of content blocks. */
export function blocks(content: unknown, fields: string[], rules: Partial<TextRules> = {}) {
  const account = projection(survey(), { ...usual, ...rules })
  const returns: ReturnRules = {
    fields: fieldTree(fields),
    patients: patternTree([]),
    text: account.rules.text,
    media: 'Drop',
    whole: false,
  }
  return { shown: redactBlocks(blocksOf(content), { by: account, returns }), account }
}
