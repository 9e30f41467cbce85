// One HTTP/1.1 response out of bytes (RFC 9112), as a client that speaks to one server over loopback needs it: strict,
// bounded, and no more of it than that. Whatever two readers could take differently is refused: what is left of a
// connection whose framing is in doubt must never be taken for the answer to another call.

/** Names in small letters. A field that comes more than once is a list: whoever reads it decides whether that may be. */
export type Fields = { readonly [name: string]: string | readonly string[] | undefined }

/** Told in this order: one `begun`, any number of `data`, one `ended`. */
export type ResponseReader = {
  begun(status: number, fields: Fields): void
  /** The bytes are the reader's to keep. */
  data(chunk: Buffer): void
  ended(): void
}

/** Not a response that can be read. Its message holds nothing of what came. */
export class BrokenResponse extends Error {
  constructor(what: string) {
    super(`The server's HTTP response is broken: ${what}`)
    this.name = 'BrokenResponse'
  }
}

/** Status line and fields, or trailers, bytes. */
const headLimit = 16_384
/** A line that says a chunk's size, with its extensions, bytes. */
const sizeLineLimit = 1_024
/** Informational responses before the real one. */
const mostInformational = 8

const carriageReturn = 0x0d
const lineFeed = 0x0a
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** What a value may hold: no control character but the tab. */
const plain = /^[\t\x20-\x7e\x80-\xff]*$/
/** With extensions (RFC 9112 7.1.1), a name and perhaps a value each, and no space between: where one may stand readers differ. */
const chunkSize =
  /^([0-9A-Fa-f]{1,8})(?:;[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]*|"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"))?)*$/
const headEnd = Buffer.from('\r\n\r\n')

type Body = 'none' | 'sized' | 'chunked' | 'until-close'
type State = 'head' | 'sized' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' | 'until-close' | 'done'

/** A parser of one response. */
export class ResponseParser {
  readonly #reader: ResponseReader
  #state: State = 'head'
  /** Bytes of a head or line that has not ended. */
  #held: Buffer | undefined
  /** Bytes of the body, or of the chunk, that are to come. */
  #left = 0
  #trailerBytes = 0
  #informational = 0
  #reusable = false
  #keep: number | undefined

  constructor(reader: ResponseReader) {
    this.#reader = reader
  }

  /** Takes bytes, which may change afterwards. Throws BrokenResponse; nothing may be fed after that. */
  feed(bytes: Buffer): void {
    const all = this.#held === undefined ? bytes : Buffer.concat([this.#held, bytes])
    this.#held = undefined
    for (let at = 0; at < all.length; ) at = this.#read(all, at)
  }

  /** The server ended the connection. Throws BrokenResponse unless that is how the body ends. */
  close(): void {
    if (this.#state === 'until-close') this.#end()
    else if (this.#state !== 'done') throw new BrokenResponse('it breaks off')
  }

  /** Whether the whole response was read. */
  get done(): boolean {
    return this.#state === 'done'
  }

  /** Whether the connection can carry another response: only when `done`. */
  get reusable(): boolean {
    return this.#state === 'done' && this.#reusable
  }

  /** Seconds for which the server says that it keeps an idle connection; undefined where it does not say. */
  get keep(): number | undefined {
    return this.#keep
  }

  /** Reads what stands at `from`; returns where it stopped, which is the end of `bytes` when more must come. */
  #read(bytes: Buffer, from: number): number {
    switch (this.#state) {
      case 'head':
        return this.#head(bytes, from)
      case 'sized':
        return this.#data(bytes, from, 'done')
      case 'chunk-size':
        return this.#chunkSize(bytes, from)
      case 'chunk':
        return this.#data(bytes, from, 'chunk-end')
      case 'chunk-end':
        return this.#chunkEnd(bytes, from)
      case 'trailers':
        return this.#trailers(bytes, from)
      case 'until-close':
        this.#reader.data(Buffer.from(bytes.subarray(from)))
        return bytes.length
      case 'done':
        break
    }
    throw new BrokenResponse('more came than one response')
  }

  #head(bytes: Buffer, from: number): number {
    const at = bytes.indexOf(headEnd, from)
    if ((at < 0 ? bytes.length : at) - from > headLimit) throw new BrokenResponse('its head is too large')
    if (at < 0) return this.#hold(bytes, from)
    const head = headOf(bytes.toString('latin1', from, at))
    const next = at + headEnd.length
    if (head.status < 200) {
      this.#informational += 1
      // 101 would change the protocol, which was not asked for. Behind one that closes, some readers read on and some do not.
      if (head.status === 101 || !head.persistent || this.#informational > mostInformational)
        throw new BrokenResponse('it answers with what is no answer')
      return next
    }
    const { body, length } = framing(head)
    this.#reusable = body !== 'until-close' && head.persistent
    this.#keep = keepOf(head.fields['keep-alive'])
    this.#left = length
    this.#state = body === 'chunked' ? 'chunk-size' : body === 'until-close' ? 'until-close' : 'sized'
    this.#reader.begun(head.status, head.fields)
    if (this.#state === 'sized' && this.#left === 0) this.#end()
    return next
  }

  /** Bytes of the body, as many as are to come. `next`: the state behind the last of them. */
  #data(bytes: Buffer, from: number, next: 'done' | 'chunk-end'): number {
    const to = Math.min(bytes.length, from + this.#left)
    this.#left -= to - from
    this.#reader.data(Buffer.from(bytes.subarray(from, to)))
    if (this.#left > 0) return to
    if (next === 'done') this.#end()
    else this.#state = next
    return to
  }

  #chunkSize(bytes: Buffer, from: number): number {
    const at = lineEnd(bytes, from, sizeLineLimit)
    if (at < 0) return this.#hold(bytes, from)
    // Extensions say nothing that we know (RFC 9112 7.1.1).
    const size = chunkSize.exec(bytes.toString('latin1', from, at))?.[1]
    if (size === undefined) throw new BrokenResponse('the size of a chunk is none')
    this.#left = Number.parseInt(size, 16)
    this.#state = this.#left === 0 ? 'trailers' : 'chunk'
    return at + 2
  }

  #chunkEnd(bytes: Buffer, from: number): number {
    const at = lineEnd(bytes, from, 0)
    if (at < 0) return this.#hold(bytes, from)
    this.#state = 'chunk-size'
    return at + 2
  }

  #trailers(bytes: Buffer, from: number): number {
    const at = lineEnd(bytes, from, headLimit - this.#trailerBytes)
    if (at < 0) return this.#hold(bytes, from)
    this.#trailerBytes += at + 2 - from
    // An empty line ends them; what they say goes nowhere.
    if (at === from) this.#end()
    else fieldOf(bytes.toString('latin1', from, at))
    return at + 2
  }

  #end(): void {
    this.#state = 'done'
    this.#reader.ended()
  }

  /** Keeps what has no end yet, to be read again with what follows: bounded by the limit of its state. */
  #hold(bytes: Buffer, from: number): number {
    this.#held = Buffer.from(bytes.subarray(from))
    return bytes.length
  }
}

/** Where the CRLF of the line at `from` begins; -1 while it is not there. A bare CR or LF ends no line. */
function lineEnd(bytes: Buffer, from: number, limit: number): number {
  const at = bytes.indexOf(lineFeed, from)
  if ((at < 0 ? bytes.length : at) - from > limit + 1) throw new BrokenResponse('a line is too long')
  if (at < 0) return -1
  if (at === from || bytes[at - 1] !== carriageReturn) throw new BrokenResponse('a line ends wrongly')
  return at - 1
}

type Head = { readonly status: number; readonly fields: Fields; readonly persistent: boolean }

function headOf(text: string): Head {
  const lines = text.split('\r\n')
  const [, minor, code] =
    /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/.exec(lines[0] ?? '') ?? []
  if (code === undefined) throw new BrokenResponse('its first line is none')
  const fields: { [name: string]: string | string[] } = Object.create(null)
  for (let i = 1; i < lines.length; i += 1) {
    const { name, value } = fieldOf(lines[i] as string)
    const before = fields[name]
    fields[name] = before === undefined ? value : [...(typeof before === 'string' ? [before] : before), value]
  }
  return { status: Number(code), fields, persistent: minor === '1' && !closes(fields['connection']) }
}

/** Of a head or of trailers. No folding of lines, no space before the colon, no control characters: RFC 9112 5.1 and 5.2, RFC 9110 5.5. */
function fieldOf(line: string): { name: string; value: string } {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(0, colon)).toLowerCase()
  const value = withoutSpace(line, colon + 1)
  if (!token.test(name) || !plain.test(value)) throw new BrokenResponse('a field is none')
  return { name, value }
}

/** What stands from there on without the spaces and tabs around it: nothing else may be left out (RFC 9110 5.5). */
function withoutSpace(line: string, from: number): string {
  let start = from
  let end = line.length
  while (start < end && isSpace(line[start])) start += 1
  while (end > start && isSpace(line[end - 1])) end -= 1
  return line.slice(start, end)
}

const isSpace = (character: string | undefined): boolean => character === ' ' || character === '\t'

/** Whether `close` is among the options of a Connection field. */
function closes(value: Fields[string]): boolean {
  if (value === undefined) return false
  const options = typeof value === 'string' ? value : value.join(',')
  return options.split(',').some((option) => option.trim().toLowerCase() === 'close')
}

/** How long the body is (RFC 9112 6.3). Both a length and a coding is what smuggling looks like: refused. */
function framing({ status, fields }: Head): { body: Body; length: number } {
  const coding = fields['transfer-encoding']
  const length = fields['content-length']
  if (coding !== undefined) {
    // A status that has no body has no coding either (RFC 9112 6.1): some readers would read one, and some not.
    const isNone = status === 204 || status === 304
    if (isNone || length !== undefined || typeof coding !== 'string' || coding.toLowerCase() !== 'chunked')
      throw new BrokenResponse('how long it is cannot be known')
    return { body: 'chunked', length: 0 }
  }
  if (length !== undefined && (typeof length !== 'string' || !/^[0-9]{1,15}$/.test(length)))
    throw new BrokenResponse('how long it is cannot be known')
  if (status === 204 || status === 304) return { body: 'none', length: 0 }
  return length === undefined ? { body: 'until-close', length: 0 } : { body: 'sized', length: Number(length) }
}

function keepOf(value: Fields[string]): number | undefined {
  const seconds = typeof value === 'string' ? /\btimeout=([0-9]{1,6})\b/.exec(value)?.[1] : undefined
  return seconds === undefined ? undefined : Number(seconds)
}
