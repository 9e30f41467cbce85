// Server-Sent Events (WHATWG HTML 9.2) of the control channel: name and data of each event, in order.

/** Largest event, characters: a policy and its key sets are far smaller, and memory is not the operator's to fill. */
const limit = 8 * 1024 * 1024

export type ChannelEvent = { event: string; data: string }

/** Feed it bytes; it calls back with every event that has ended. Throws when bytes are no UTF-8 or an event is too large. */
export function channelEvents(onEvent: (event: ChannelEvent) => void): (chunk: Uint8Array) => void {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  let event = ''
  let data: string[] = []
  let held = 0

  const line = (text: string): void => {
    if (text === '') {
      if (data.length > 0) onEvent({ event: event === '' ? 'message' : event, data: data.join('\n') })
      event = ''
      data = []
      held = 0
      return
    }
    const colon = text.indexOf(':')
    if (colon === 0) return
    const field = colon < 0 ? text : text.slice(0, colon)
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') event = value
    if (field === 'data') data.push(value)
  }
  return (chunk) => {
    const piece = decoder.decode(chunk, { stream: true })
    held += piece.length
    if (held > limit) throw new RangeError('An event of the control channel is larger than 8 MiB')
    // A carriage return at the very end waits: a line feed may follow it.
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    for (const text of lines) line(text)
  }
}
