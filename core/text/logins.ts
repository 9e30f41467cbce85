// Names that people log in by, behind a word that says so: "username: jdoe_77", "user ID is k.baker", "login mlopez82".

import { login } from './cues.ts'
import { english, lexicon, medical, slotOf, wordHash } from './lexicon.ts'
import type { Finding } from './span.ts'
import { type Tokens, wordAt } from './tokens.ts'

/** Behind the word: "name", "ID", and what joins it to the value; then the value. "user" by itself is a person. */
const behind =
  /( ?-?(?:name|id|account))?([\s:="'(#]{1,4})(?:((?:is|was|as|of)[\s:="']{1,3}))?([A-Za-z0-9][\w.-]{1,30}[A-Za-z0-9])(?![\w@])/iy

export function findLogins(words: Tokens, findings: Finding[]): void {
  const { text, count } = words
  for (let i = 0; i < count; i += 1) {
    const { start, end, cues } = wordAt(words, i)
    if ((cues & login) === 0) continue
    behind.lastIndex = end
    const match = behind.exec(text)
    if (match === null) continue
    const [whole, more, sign = '', said, value = ''] = match
    const word = text.slice(start, end).toLowerCase()
    if (word === 'user' && more === undefined && !/[A-Za-z].*\d/.test(value)) continue
    // A field's value, or told by "is".
    const told = /[:=]/.test(sign) || said !== undefined
    if (!isLogin(value, told, /[:=]/.test(sign))) continue
    const last = end + whole.length
    findings.push({ start: last - value.length, end: last, type: 'UNIQUE_IDENTIFIER' })
  }
}

/** Letters with digits, _ or a full stop among them; a word that no list has, where it is told; in a field any but a short one. */
function isLogin(value: string, told: boolean, field: boolean): boolean {
  if (!/[A-Za-z]/.test(value)) return false
  if (/\d|_/.test(value) && !/^\d/.test(value)) return true
  if (!told) return false
  if (/[a-z]\.[a-z]/i.test(value)) return true
  const { keys, flags } = lexicon()
  const known = (flags[slotOf(keys, wordHash(value, 0, value.length))] as number) & (english | medical)
  return known === 0 && (field || value.length > 3) && /^[A-Za-z]+$/.test(value)
}
