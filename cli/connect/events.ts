// Server-Sent Events (HTML Living Standard 9.2.6), one by one as they come.

export type SseEvent = { data: string; id?: string; retry?: number }

/** Longest event, characters. */
const longest = 16 * 1024 * 1024

/** Each event that holds data; one that is not ended by a blank line is none. `heard`: told of each id and wait at once. */
export async function* eventsIn(
  body: AsyncIterable<Uint8Array>,
  heard: (seen: Pick<SseEvent, 'id' | 'retry'>) => void,
): AsyncGenerator<SseEvent> {
  const decoder = new TextDecoder()
  let left = ''
  let event: { data: string[]; id?: string } = { data: [] }
  for await (const chunk of body) {
    left += decoder.decode(chunk, { stream: true })
    if (left.length > longest) throw new RangeError('An event is too large')
    // A carriage return at the end may be half of a line's end.
    const lines = left.split(/\r\n|\n|\r(?!$)/)
    left = lines.pop() ?? ''
    for (const line of lines) {
      if (line !== '') {
        const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
        if (field === 'data') event.data.push(value)
        if (field === 'id' && !value.includes('\0')) event.id = value
        if (field === 'retry' && /^\d{1,9}$/.test(value)) heard({ retry: Number(value) })
        continue
      }
      const { data, id } = event
      event = { data: [] }
      if (id !== undefined) heard({ id })
      if (data.length > 0 && data.join('') !== '')
        yield { data: data.join('\n'), ...(id === undefined ? {} : { id }) }
    }
  }
}
