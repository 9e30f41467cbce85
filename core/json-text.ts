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

/** Of an object's text: a member's name, and where its value begins and ends. */
export type TextMember = { readonly name: string; readonly start: number; readonly end: number }

/** Members of the object that begins at `from`, each as often as it stands there. */
export function membersOf(text: string, from: number): TextMember[] {
  const members: TextMember[] = []
  for (let at = skipSpace(text, from + 1); text[at] !== '}'; ) {
    const nameEnd = endOfString(text, at)
    const start = skipSpace(text, skipSpace(text, nameEnd) + 1)
    const end = endOfValue(text, start)
    members.push({ name: JSON.parse(text.slice(at, nameEnd)) as string, start, end })
    at = skipSpace(text, end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return members
}

/** Where the value of this member begins in the object that begins at `from`; the last one's, as parsers have it. */
export function memberOf(text: string, from: number, member: string): number | undefined {
  return membersOf(text, from).findLast(({ name }) => name === member)?.start
}

/** The text with one more member in the object that begins at `from`. `value`: JSON. */
export function withMember(text: string, from: number, name: string, value: string): string {
  const behind = from + 1
  const alone = text[skipSpace(text, behind)] === '}'
  return `${text.slice(0, behind)}${JSON.stringify(name)}:${value}${alone ? '' : ','}${text.slice(behind)}`
}
