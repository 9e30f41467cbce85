// The bytes of a watch, as events. One JSON document a line.

import type { Named } from './store.ts'

export type WatchEvent<T> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  | { type: 'BOOKMARK'; object: Named }
  | { type: 'ERROR'; object: { code?: number; reason?: string; message?: string } }

/** An object is at most 3 MiB in etcd; a longer line is no event of an API server. */
const longestLine = 16 * 1024 * 1024

/**
 * Events in the order in which they were sent. A last line without its end is not an event: the connection was torn,
 * and the next watch brings it again. Throws on a whole line that is no JSON.
 */
export async function* watchEvents<T>(
  chunks: AsyncIterable<Uint8Array>,
  onBytes: () => void = () => {},
): AsyncGenerator<WatchEvent<T>> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    onBytes()
    rest += decoder.decode(chunk, { stream: true })
    let end = rest.indexOf('\n')
    while (end >= 0) {
      const line = rest.slice(0, end)
      rest = rest.slice(end + 1)
      if (line !== '') yield JSON.parse(line) as WatchEvent<T>
      end = rest.indexOf('\n')
    }
    if (rest.length > longestLine) throw new RangeError('A watch sent a line longer than 16 MiB')
  }
}
