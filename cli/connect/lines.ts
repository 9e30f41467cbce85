// Lines of a stream, ended by a line feed and nothing else: JSON may hold U+2028, which node:readline ends a line at.

import type { Readable } from 'node:stream'

/** Longest line, characters. Servers take no larger message. */
const longest = 4 * 1024 * 1024

export async function* linesOf(input: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let left = ''
  for await (const chunk of input as AsyncIterable<Uint8Array>) {
    left += decoder.decode(chunk, { stream: true })
    const lines = left.split('\n')
    left = lines.pop() ?? ''
    if (left.length > longest) throw new RangeError('A message of the host is larger than any server takes')
    yield* lines
  }
  if (left !== '') yield left
}
