// The server's own bytes of a result, for results that may leave as they came: numbers keep their digits, members their
// order and names their escapes, which no parser and printer between the two would promise.

/**
 * Text of the member `result` of a JSON-RPC message that was parsed before: it is well-formed, and has one. Undefined
 * where the member stands twice, since two readers may then take two different ones.
 */
export function rawResult(message: string): string | undefined {
  let found: string | undefined
  let at = message.indexOf('{') + 1
  for (;;) {
    at = skipSpace(message, at)
    if (message[at] === '}') return found
    const nameEnd = endOfString(message, at)
    const name = JSON.parse(message.slice(at, nameEnd)) as string
    const start = skipSpace(message, skipSpace(message, nameEnd) + 1)
    const end = endOfValue(message, start)
    if (name === 'result') {
      if (found !== undefined) return undefined
      found = message.slice(start, end)
    }
    at = skipSpace(message, end)
    if (message[at] === ',') at += 1
  }
}

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
