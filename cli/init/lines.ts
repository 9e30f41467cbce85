// Lines of YAML with the reason beside them, or above where they would be long.

import { stringify } from 'yaml'
import { wrap } from '../table.ts'

/** Longest line, characters. */
const width = 100

/** `text` at an indent, with why beside it, or above it where the line would be long. */
export function line(indent: number, text: string, why?: string): string[] {
  const lead = ' '.repeat(indent)
  if (why === undefined || why === '') return [`${lead}${text}`]
  const one = `${lead}${text} # ${why}`
  return fits(one) ? [one] : [...comment(indent, why), `${lead}${text}`]
}

export function comment(indent: number, text: string): string[] {
  return wrap(text, width, `${' '.repeat(indent)}# `)
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
  // As an item of a list, so that what means something there is put in quotes.
  return stringify([value], { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false })
    .trim()
    .slice(1, -1)
}

/** A text that has a line to itself. */
export function plain(text: string): string {
  return stringify(text, { lineWidth: 0 }).trimEnd()
}

/** One entry of a list of comments. */
export function item(text: string): string[] {
  return wrap(text, width, '    #   ').map((one, index) => (index === 0 ? one.replace('#  ', '# -') : one))
}
