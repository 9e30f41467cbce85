import { createServer, IncomingMessage, request } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { expect, onTestFinished, test } from 'vitest'
import { wholeBody } from '../../core/whole-body.ts'

/** Sends what is given, and tells what became of it. */
function sending(...texts: string[]) {
  const seen = { read: 0, ended: false }
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      for (const text of texts) {
        seen.read += 1
        yield await Promise.resolve(Buffer.from(text))
      }
    } finally {
      seen.ended = true
    }
  }
  return { seen, body: chunks() }
}

test('a body is read whole up to its last byte, and letters across chunks stay whole', async () => {
  const [first, second] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)]
  async function* halves() {
    yield await Promise.resolve(first)
    yield second
  }

  expect((await wholeBody(sending('ab', '', 'cd').body, 4))?.toString()).toBe('abcd')
  expect((await wholeBody(halves(), 2))?.toString()).toBe('é')
  expect((await wholeBody(sending().body, 0))?.length).toBe(0)
})

test('one byte more is none, of which nothing is read on', async () => {
  const { seen, body } = sending('ab', 'cde', 'never')

  expect(await wholeBody(body, 4)).toBeUndefined()
  expect(seen).toEqual({ read: 2, ended: true })
})

async function* failing(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from('ab'))
  throw new Error('reset')
}

test('a source that fails is not a body that ended', async () => {
  await expect(wholeBody(failing(), 100)).rejects.toThrow('reset')
})

/** What is answered to bodies, each on a connection of its own that is kept open: the status, or why there was none. */
async function asked(most: number, bodies: readonly Iterable<string>[], take?: (bytes: number) => void) {
  const server = createServer((request, response) => {
    wholeBody(request, most, take).then(
      (body) => response.writeHead(body === undefined ? 413 : 200, { connection: 'close' }).end(body),
      () => response.writeHead(400, { connection: 'close' }).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return await Promise.all(
    bodies.map(
      async (body) =>
        await new Promise<string>((resolve) => {
          const sent = request({ port, host: '127.0.0.1', method: 'POST' }, (answer) => {
            answer.setEncoding('utf8')
            let text = ''
            answer.on('data', (chunk: string) => (text += chunk))
            answer.on('end', () => resolve(`${answer.statusCode} ${text}`))
          })
          sent.on('error', () => resolve('reset'))
          Readable.from(body).pipe(sent)
        }),
    ),
  )
}

test('a request is read alike', async () => {
  expect(await asked(4, [['ab', 'cd'], ['a'], []])).toEqual(['200 abcd', '200 a', '200 '])
})

test('a request of which more comes than may be held is answered', async () => {
  const much = Array.from({ length: 64 }, () => 'x'.repeat(16_384))

  expect(await asked(4, [['ab', 'cde'], much])).toEqual(['413 ', '413 '])
  expect(
    await asked(1e9, [['ab', 'cd'], much], () => {
      throw new RangeError('no room')
    }),
  ).toEqual(['400 ', '400 '])
})

test('a request that is cut off, before or while it is read, is no body', async () => {
  const [during, before, ended] = [
    new IncomingMessage(new Socket()),
    new IncomingMessage(new Socket()),
    empty(),
  ]
  during.push('ab')
  const read = wholeBody(during, 100)
  setImmediate(() => during.destroy())
  before.once('error', () => undefined).destroy(new Error('gone'))

  await expect(read).rejects.toThrow()
  await expect(wholeBody(before, 100)).rejects.toThrow('cut off')
  await finished(ended.resume())
  expect(await wholeBody(ended, 100)).toHaveLength(0)
})

function empty(): IncomingMessage {
  const request = new IncomingMessage(new Socket())
  request.complete = true
  request.push(null)
  return request
}
