// Where things stand in a JSON text that was parsed before, and so is well-formed: for texts that are to go on as they came,
// since no parser and printer promise the same digits.

/** Behind the white space that begins here, if any. */
function skipSpace(text: string, from: number): number {
  let at = from
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1
  return at
}

/** Behind the closing quote of the string that begins here. */
function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); ; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (text[at - 1 - backslashes] === '\\') backslashes += 1
    if (backslashes % 2 === 0) return at + 1
  }
}

/** Behind the value that begins here. */
function endOfValue(text: string, from: number): number {
  let depth = 0
  for (let at = from; ; ) {
    const character = text[at]
    if (character === '"') {
      at = endOfString(text, at)
      if (depth === 0) return at
      continue
    }
    if (character === '{' || character === '[') depth += 1
    else if (character === '}' || character === ']') {
      if (depth === 0) return at
      depth -= 1
      if (depth === 0) return at + 1
    } else if (depth === 0 && (character === ',' || character === undefined)) return trimEnd(text, at)
    at += 1
  }
}

/** A number or word ends before the white space in front of what follows it. */
function trimEnd(text: string, end: number): number {
  let at = end
  while (at > 0 && skipSpace(text, at - 1) > at - 1) at -= 1
  return at
}

/** Of an object's text: a member's name, where its value begins and ends, and how many members that has, if it was asked. */
export type TextMember = {
  readonly name: string
  readonly start: number
  readonly end: number
  readonly count?: number
}

/**
 * Members of the object that begins at `from`, each as often as it stands there. Of the member `counted` its own members are
 * counted on the way, where it is an object.
 */
export function textMembers(text: string, from: number, counted?: string): TextMember[] {
  const members: TextMember[] = []
  for (let at = skipSpace(text, from + 1); text[at] !== '}'; ) {
    const nameEnd = endOfString(text, at)
    const name = JSON.parse(text.slice(at, nameEnd)) as string
    const start = skipSpace(text, skipSpace(text, nameEnd) + 1)
    const inner = name === counted && text[start] === '{' ? textMembers(text, start) : undefined
    const end =
      inner === undefined ? endOfValue(text, start) : skipSpace(text, inner.at(-1)?.end ?? start + 1) + 1
    members.push({ name, start, end, ...(inner === undefined ? {} : { count: inner.length }) })
    at = skipSpace(text, end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return members
}

/** Where the value of this member begins in the object that begins at `from`; the last one's, as parsers have it. */
export function memberOf(text: string, from: number, member: string): number | undefined {
  return textMembers(text, from).findLast(({ name }) => name === member)?.start
}

/** The text with one more member in the object that begins at `from`. `value`: JSON. */
export function withMember(text: string, from: number, name: string, value: string): string {
  const behind = from + 1
  const alone = text[skipSpace(text, behind)] === '}'
  return `${text.slice(0, behind)}${JSON.stringify(name)}:${value}${alone ? '' : ','}${text.slice(behind)}`
}
