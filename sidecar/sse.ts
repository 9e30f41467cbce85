// Server-Sent Events (WHATWG HTML 9.2), as far as MCP needs them: the data of each event, in order.

const lineFeed = 0x0a
const carriageReturn = 0x0d

/** Feed it bytes; it calls back with the data of every event that has ended. Fields other than data are ignored. */
export function eventParser(onData: (data: string) => void): (chunk: Buffer) => void {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  // Pieces of a line that has not ended: joined once, so that one long line costs linear time.
  let pieces: string[] = []
  let data: string[] = []

  const line = (text: string): void => {
    if (text === '') {
      if (data.length > 0) onData(data.join('\n'))
      data = []
    } else if (text === 'data') data.push('')
    else if (text.startsWith('data:')) data.push(text.startsWith('data: ') ? text.slice(6) : text.slice(5))
  }
  return (chunk) => {
    const piece = decoder.decode(chunk, { stream: true })
    if (
      !chunk.includes(lineFeed) &&
      !chunk.includes(carriageReturn) &&
      pieces.at(-1)?.endsWith('\r') !== true
    ) {
      pieces.push(piece)
      return
    }
    // A carriage return at the very end waits: a line feed may follow it.
    const lines = [...pieces, piece].join('').split(/\r\n|\n|\r(?!$)/)
    pieces = [lines.pop() ?? '']
    for (const text of lines) line(text)
  }
}
