// Server-Sent Events (WHATWG HTML 9.2), of MCP servers and of the control channel: name and data of each event, in order.

const lineFeed = 0x0a
const carriageReturn = 0x0d
/** Pieces of a line that wait to be joined. */
const mostPieces = 512

/**
 * `id` and `retry` where this very event says them: where the stream can be taken up again, and after how many
 * milliseconds. One that says nothing else has empty data.
 */
export type SentEvent = { event: string; data: string; id?: string; retry?: number }

/**
 * Feed it bytes; it calls back with every event that has ended. Throws when bytes are no UTF-8, or when an event has more
 * than `limit` characters: memory is not the sender's to fill.
 */
export function eventParser(onEvent: (event: SentEvent) => void, limit: number): (chunk: Uint8Array) => void {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  // Pieces of a line that has not ended: joined once, so that one long line costs linear time.
  let pieces: string[] = []
  /** So many of them are long, or were joined. */
  let joined = 0
  let event = ''
  let data: string[] = []
  let id: string | undefined
  let retry: number | undefined
  let held = 0

  const line = (text: string): void => {
    if (text === '') {
      if (data.length > 0 || id !== undefined || retry !== undefined)
        onEvent({
          event: event === '' ? 'message' : event,
          data: data.join('\n'),
          ...(id === undefined ? {} : { id }),
          ...(retry === undefined ? {} : { retry }),
        })
      event = ''
      data = []
      id = undefined
      retry = undefined
      held = 0
      return
    }
    const colon = text.indexOf(':')
    if (colon === 0) return
    const field = colon < 0 ? text : text.slice(0, colon)
    const from = text[colon + 1] === ' ' ? colon + 2 : colon + 1
    const value = colon < 0 ? '' : text.slice(from)
    if (field === 'event') event = value
    if (field === 'data') data.push(value)
    if (field === 'id' && !value.includes('\0')) id = value
    if (field === 'retry' && /^\d{1,9}$/.test(value)) retry = Number(value)
  }
  return (chunk) => {
    const piece = decoder.decode(chunk, { stream: true })
    held += piece.length
    if (held > limit) throw new RangeError('An event is larger than it may be')
    if (
      !chunk.includes(lineFeed) &&
      !chunk.includes(carriageReturn) &&
      pieces.at(-1)?.endsWith('\r') !== true
    ) {
      pieces.push(piece)
      // One byte at a time would cost many times its size.
      if (pieces.length - joined < mostPieces) return
      pieces = [...pieces.slice(0, joined), pieces.slice(joined).join('')]
      joined = pieces.length
      return
    }
    // A carriage return at the very end waits: a line feed may follow it.
    const lines = [...pieces, piece].join('').split(/\r\n|\n|\r(?!$)/)
    pieces = [lines.pop() ?? '']
    joined = 0
    for (const text of lines) line(text)
  }
}
