// Responses as servers write them and as they should not, whole and in pieces.

import { expect, test } from 'vitest'
import { type Fields, ResponseParser } from '../../../sidecar/http1/response.ts'

type Seen = { status: number; fields: Fields; body: string; ended: boolean }

function reading() {
  const seen: Seen = { status: 0, fields: {}, body: '', ended: false }
  const parser = new ResponseParser({
    begun: (status, fields) => Object.assign(seen, { status, fields }),
    data: (chunk) => void (seen.body += chunk.toString('latin1')),
    ended: () => void (seen.ended = true),
  })
  return { seen, parser }
}

function read(text: string, pieces = [text]): Seen & { reusable: boolean } {
  const { seen, parser } = reading()
  for (const piece of pieces) parser.feed(Buffer.from(piece, 'latin1'))
  return { ...seen, reusable: parser.reusable }
}

const ok = 'HTTP/1.1 200 OK\r\n'
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`

const whole: { [what: string]: { text: string; body: string; reusable: boolean } } = {
  'a body of a stated length': {
    text: `${ok}Content-Type: a/b\r\nContent-Length: 5\r\n\r\nhello`,
    body: 'hello',
    reusable: true,
  },
  'an empty body': { text: `${ok}Content-Length: 0\r\n\r\n`, body: '', reusable: true },
  'no body at all': { text: 'HTTP/1.1 204 No Content\r\n\r\n', body: '', reusable: true },
  'a first line without a reason': { text: 'HTTP/1.1 204\r\n\r\n', body: '', reusable: true },
  chunks: {
    text: `${chunked}5\r\nhello\r\n0A\r\n, you ther\r\n1\r\ne\r\n0\r\n\r\n`,
    body: 'hello, you there',
    reusable: true,
  },
  'chunks with extensions': {
    text: `${chunked}5;a=b;c="d"\r\nhello\r\n0;end\r\n\r\n`,
    body: 'hello',
    reusable: true,
  },
  'chunks that hold line ends': {
    text: `${chunked}4\r\n\r\n\r\n\r\n0\r\n\r\n`,
    body: '\r\n\r\n',
    reusable: true,
  },
  'chunks with trailers': {
    text: `${chunked}2\r\nhi\r\n0\r\nx: y\r\nz: 1\r\n\r\n`,
    body: 'hi',
    reusable: true,
  },
  'interim responses first': {
    text: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${ok}Content-Length: 2\r\n\r\nhi`,
    body: 'hi',
    reusable: true,
  },
  'a server that closes': {
    text: `${ok}Connection: Upgrade, Close\r\nContent-Length: 2\r\n\r\nhi`,
    body: 'hi',
    reusable: false,
  },
  'HTTP/1.0': { text: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi', body: 'hi', reusable: false },
}

for (const [what, { text, body, reusable }] of Object.entries(whole)) {
  test(`${what}: read whole, and the connection is ${reusable ? '' : 'not '}used again`, () => {
    expect(read(text)).toMatchObject({ body, ended: true, reusable })
  })

  test(`${what}: however it is cut in two, and byte by byte, it reads the same`, () => {
    const first = read(text)
    for (let at = 1; at < text.length; at += 1)
      expect(read(text, [text.slice(0, at), text.slice(at)])).toEqual(first)
    expect(read(text, text.split(''))).toEqual(first)
  })
}

const broken: { [what: string]: string } = {
  garbage: 'Fluegel\r\n\r\n',
  'another protocol': 'HTTP/2 200 OK\r\n\r\n',
  'a status of two digits': 'HTTP/1.1 20 OK\r\n\r\n',
  'a change of protocol': 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n',
  'interim responses without end': 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(9),
  'a head without end': `${ok}x: ${'y'.repeat(16_400)}`,
  'a head that is too large': `${ok}x: ${'y'.repeat(16_400)}\r\n\r\n`,
  'a folded field': `${ok}x: y\r\n z\r\ncontent-length: 0\r\n\r\n`,
  'a space before the colon': `${ok}content-length : 0\r\n\r\n`,
  'a field without a colon': `${ok}content-length\r\n\r\n`,
  'a bare line feed in the head': `${ok}x: y\ncontent-length: 0\r\n\r\n`,
  'a zero byte in a field': `${ok}x: \0\r\ncontent-length: 0\r\n\r\n`,
  'a length and a coding': `${ok}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  'two lengths': `${ok}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`,
  'a length with a sign': `${ok}content-length: +5\r\n\r\nhello`,
  'a length that is a list': `${ok}content-length: 5, 5\r\n\r\nhello`,
  'a length beyond counting': `${ok}content-length: 9999999999999999\r\n\r\n`,
  'a coding that we do not know': `${ok}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  'a chunk size that is none': `${chunked}g\r\n`,
  'a chunk size with a sign': `${chunked}-5\r\nhello\r\n`,
  'a chunk size in 0x': `${chunked}0x5\r\nhello\r\n`,
  'a chunk size beyond counting': `${chunked}fffffffff\r\n`,
  'no chunk size': `${chunked}\r\n`,
  'a chunk size with a bare line feed': `${chunked}5\nhello\r\n0\r\n\r\n`,
  'a chunk longer than its size': `${chunked}2\r\nhello\r\n0\r\n\r\n`,
  'a chunk without its line end': `${chunked}5\r\nhello0\r\n\r\n`,
  'a chunk extension without end': `${chunked}5;${'x'.repeat(1_100)}`,
  'an extension behind a space': `${chunked}5 ;x\r\nhello\r\n0\r\n\r\n`,
  'an extension without a name': `${chunked}5;\r\nhello\r\n0\r\n\r\n`,
  'a trailer that is no field': `${chunked}0\r\nx\r\n\r\n`,
  'a bare line feed before a length': `${ok}content-length:\n0\r\n\r\n`,
  'a space that is none behind a length': `${ok}content-length: 0\xa0\r\n\r\n`,
  'chunks under a status that has no body':
    'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'an interim response of HTTP/1.0': `HTTP/1.0 100 Continue\r\n\r\n${ok}content-length: 0\r\n\r\n`,
  'trailers without end': `${chunked}0\r\n${'x: y\r\n'.repeat(3_000)}`,
  'a second response behind the first': `${ok}content-length: 0\r\n\r\n${ok}content-length: 0\r\n\r\n`,
}

for (const [what, text] of Object.entries(broken)) {
  test(`${what} is refused, whole and byte by byte`, () => {
    expect(() => read(text)).toThrow('HTTP response is broken')
    expect(() => read(text, text.split(''))).toThrow('HTTP response is broken')
  })
}

test('a body without a length ends with its connection, which is not used again', () => {
  const { seen, parser } = reading()

  parser.feed(Buffer.from(`${ok}\r\nall `))
  parser.feed(Buffer.from('of it'))
  expect(seen.ended).toBe(false)
  parser.close()

  expect(seen).toMatchObject({ body: 'all of it', ended: true })
  expect(parser.reusable).toBe(false)
})

test.each([
  ['in its head', `${ok}content-le`],
  ['in its body', `${ok}content-length: 5\r\n\r\nhell`],
  ['between chunks', `${chunked}2\r\nhi\r\n`],
  ['before its trailers end', `${chunked}2\r\nhi\r\n0\r\n`],
  ['before it begins', ''],
])('a response that breaks off %s does not end', (_, text) => {
  const { seen, parser } = reading()
  parser.feed(Buffer.from(text))

  expect(() => parser.close()).toThrow('breaks off')
  expect(seen.ended).toBe(false)
})

test('fields read without regard to case; one that comes twice is a list, and no name is special', () => {
  const { fields } = read(`${ok}CONTENT-length: 0\r\nX:  a \r\nx: b\r\n__proto__: c\r\n\r\n`)

  expect(fields['x']).toEqual(['a', 'b'])
  expect(fields['__proto__']).toBe('c')
  expect(fields['constructor']).toBeUndefined()
})

test('what was read stays, whatever becomes of the buffer that it came in', () => {
  const chunks: Buffer[] = []
  const parser = new ResponseParser({
    begun: () => undefined,
    data: (chunk) => void chunks.push(chunk),
    ended: () => undefined,
  })
  const buffer = Buffer.from(`${ok}content-length: 5\r\n\r\nhel`)

  parser.feed(buffer)
  buffer.fill(0)
  parser.feed(Buffer.from('lo'))

  expect(Buffer.concat(chunks).toString()).toBe('hello')
})
