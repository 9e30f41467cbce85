// Identifiers that a text shows by their form, or by a word before them (45 CFR 164.514(b)(2)(i)): the module finds them, but for the
// addresses of pages.

import { login, web } from './cues.ts'
import { foreign } from './letters.ts'
import { findLogins } from './logins.ts'
import type { Finding } from './span.ts'
import { mayHavePage, searchForm } from './tokenize.ts'
import type { Tokens } from './tokens.ts'
import { pages, webPages } from './web.ts'

/** Which of the rules apply; `long` ones only where the text is prose, dates that are `compacted` to digits where it is no term. */
export type FormRules = {
  readonly forms: boolean
  readonly context: boolean
  readonly long: boolean
  readonly compacted: boolean
}

/** Bits of rules: module/forms.as has the same. */
const asked = { forms: 1, context: 2, long: 4, compacted: 8 } as const

/** What characters of a value ask for. */
const aDigit = 1
const another = 2
const aW = 4
const asks = new Uint8Array(0x80)
for (let code = 0x30; code <= 0x39; code += 1) asks[code] = aDigit
for (const code of [0x40, 0x3a]) asks[code] = another
for (const code of [0x57, 0x77]) asks[code] = aW

/** False of a value in which no rule of form can find anything: without a digit, an @, a colon and www. */
export function mayHaveForm(text: string): boolean {
  let all = 0
  let last = 0
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    const kind = code < 0x80 ? (asks[code] as number) : 0
    if ((kind & (aDigit | another)) !== 0) return true
    all |= (kind & last & aW) << 1
    last = kind
  }
  return all !== 0 && /www/i.test(text)
}

/** Finds what has a form of its own in normalized text: the module keeps what it finds, and what is found here is added. */
export function detect(words: Tokens, rules: FormRules, findings: Finding[]): void {
  const { text } = words
  if (rules.forms) {
    if (mayHavePage()) pages(text, findings)
    if ((words.anyCue & web) !== 0 || (words.kinds & foreign) !== 0) webPages(text, findings)
  }
  if (rules.context && (words.anyCue & login) !== 0) findLogins(words, findings)
  let bits = 0
  for (const rule of ['forms', 'context', 'long', 'compacted'] as const) if (rules[rule]) bits |= asked[rule]
  searchForm(bits)
}
