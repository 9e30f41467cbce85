// Identifiers that a text shows by their form, or by a word before them (45 CFR 164.514(b)(2)(i)): the module finds them, but for the
// addresses of pages.

import { login } from './cues.ts'
import { findLogins } from './logins.ts'
import type { Finding } from './span.ts'
import { has, hasCharacters, searchForm } from './tokenize.ts'
import type { Tokens } from './tokens.ts'
import { pages } from './web.ts'

/** Which of the rules apply; `long` ones only where the text is prose, dates that are `compacted` to digits where it is no term. */
export type FormRules = {
  readonly forms: boolean
  readonly context: boolean
  readonly long: boolean
  readonly compacted: boolean
}

/** Bits of rules: module/forms.as has the same. */
const asked = { forms: 1, context: 2, long: 4, compacted: 8 } as const

/** Finds what has a form of its own in normalized text: the module keeps what it finds, and what is found here is added. */
export function detect(words: Tokens, rules: FormRules, findings: Finding[]): void {
  const { text } = words
  if (rules.forms && hasCharacters(text, has.page)) pages(text, findings)
  if (rules.context && (words.anyCue & login) !== 0) findLogins(words, findings)
  let bits = 0
  for (const rule of ['forms', 'context', 'long', 'compacted'] as const) if (rules[rule]) bits |= asked[rule]
  searchForm(bits)
}
