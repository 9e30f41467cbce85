// Lines of YAML with the reason beside them, or above where they would be long.

import { wrap } from '../table.ts'
import { escaped, visible } from '../visible.ts'

/** Longest line, characters. */
const width = 100

/** `text` at an indent, with why beside it, or above it where the line would be long. */
export function line(indent: number, text: string, why?: string): string[] {
  const lead = ' '.repeat(indent)
  if (why === undefined || why === '') return [`${lead}${text}`]
  const one = `${lead}${text} # ${visible(why)}`
  return fits(one) ? [one] : [...comment(indent, why), `${lead}${text}`]
}

export function comment(indent: number, text: string): string[] {
  return wrap(visible(text), width, `${' '.repeat(indent)}# `)
}

export function fits(text: string): boolean {
  return text.length <= width
}

/** A value on one line, as YAML reads it back. */
export function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .map(([name, member]) => `${flow(name)}: ${flow(member)}`)
      .join(', ')} }`
  return typeof value === 'string' && isPlain(value) ? value : escaped(JSON.stringify(value))
}

/** Words, dots, slashes and dashes, and a colon within an address. Everything else is put in quotes, as JSON. */
const plain = /^[A-Za-z_/](?:[\w./*@’ -]|:(?=\/))*$/
/** Words that YAML 1.1, which kubectl reads, or 1.2 takes for something else than text. */
const meant = /^(?:y|n|yes|no|on|off|true|false|null)$/i

/** Whether every reader of YAML takes a text without quotes for that text, in a list as on a line of its own. */
function isPlain(text: string): boolean {
  return plain.test(text) && !text.endsWith(' ') && !meant.test(text)
}

/** One entry of a list of comments. */
export function item(text: string): string[] {
  return wrap(visible(text), width, '    #   ').map((one, index) =>
    index === 0 ? one.replace('#  ', '# -') : one,
  )
}
