// Texts that are records in another form than JSON. Fields cannot cut them, so where fields are listed they do not leave.

import { words } from '../words.ts'

/** Elements of text on web pages: markup of what people write. */
const markup = words(
  'a abbr b blockquote br code dd div dl dt em h1 h2 h3 h4 h5 h6 hr i li ol p pre s small span strong sub sup u ul',
)

/** Lines that are looked at; a record shows in its first ones. */
const mostLines = 200

/** What it looks like; undefined for a text. */
export function recordForm(text: string): string | undefined {
  if (/^[\s\ufeff\v]*(?:FHS|BHS|MSH)\|/.test(text)) return 'content-like-hl7v2'
  if (isLikeXml(text)) return 'content-like-xml'
  if (isLikeMembers(text)) return 'content-like-json'
  const lines = text.split(/\r?\n/, mostLines).filter((line) => line.trim() !== '')
  if (isLikeYaml(lines)) return 'content-like-yaml'
  return isLikeTable(lines) ? 'content-like-table' : undefined
}

function isLikeXml(text: string): boolean {
  if (/^[\s\ufeff]*<(?:\?xml|!DOCTYPE|[A-Za-z][^>]{0,1000}\sxmlns)/.test(text)) return true
  // An element that is no markup, closed or with attributes.
  for (const [, closed, empty] of text.matchAll(
    /<\/([A-Za-z][\w:.-]{0,63})\s{0,9}>|<([A-Za-z][\w:.-]{0,63})\s[^<>]{0,999}=\s{0,9}["'][^<>]{0,999}>/g,
  ))
    if (!markup.has((closed ?? empty ?? '').toLowerCase())) return true
  return false
}

/** Python's `{'a': 1}`, JSON within a JSON string, names without quotes. */
function isLikeMembers(text: string): boolean {
  return (
    /[{,\n]\s{0,100}(?:\\{1,8}"[^"\\\n]{1,100}\\{1,8}"|'[^'\n]{1,100}')\s{0,10}:/.test(text) ||
    /\{\s{0,100}[A-Za-z_$][\w$.-]{0,63}\s{0,10}(?::|=>?)\s{0,10}[^\s:]/.test(text)
  )
}

/** Two lines at least, two thirds of all, that begin with a name as programs write them: hivStatus, first_name, dx. */
function isLikeYaml(lines: readonly string[]): boolean {
  const named = lines.filter((line) =>
    /^\s{0,40}(?:- )?["']?(?:[a-z][A-Za-z0-9]{0,63}|[A-Za-z]\w{0,63}_\w{1,63}|[A-Z][a-z0-9]{1,40}[A-Z]\w{0,40})["']?\s?[:=](?:\s|$)/.test(
      line,
    ),
  ).length
  return named >= 2 && named * 3 >= lines.length * 2
}

/** A heading of three columns or more, each one word, and as many columns in each line behind it; or Markdown's. */
function isLikeTable(lines: readonly string[]): boolean {
  if (lines.some((line, i) => i > 0 && /^\s{0,9}\|?[\s:-]{2,200}\|[\s:|-]{2,999}$/.test(line))) return true
  const [heading = '', ...rows] = lines
  if (rows.length === 0) return false
  return [',', ';', '\t', '|'].some((separator) => {
    const columns = heading.split(separator)
    return (
      columns.length >= 3 &&
      columns.every((column) => /^\s{0,4}"?[A-Za-z_][\w.-]{0,63}"?\s{0,4}$/.test(column)) &&
      rows.every((row) => row.split(separator).length >= columns.length)
    )
  })
}
