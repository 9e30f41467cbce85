import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CannotError } from '../../../cli/command.ts'
import { notes } from '../../../cli/redact/note.ts'
import { Output } from '../../../cli/redact/output.ts'
import { redactLines } from '../../../cli/redact/stream.ts'

const redactor = notes(1937)

const main = join(import.meta.dirname, '../../../cli/main.ts')
const note = (id: string | number, text: string): string => JSON.stringify({ id, text })

type Note = { id: string | number; text: string; spans: { start: number; end: number; type: string }[] }

/** What comes out for pieces of input, line by line. */
async function redacted(...pieces: (string | Buffer)[]): Promise<{ notes: Note[]; fault?: string }> {
  let out = ''
  const to = new Writable({
    write: (chunk: Buffer, _, done) => {
      out += chunk.toString()
      done()
    },
  })
  const from = Readable.from(pieces.map((piece) => Buffer.from(piece)))
  let fault: string | undefined
  await redactLines(from, new Output(to), redactor, () => undefined).catch((error: unknown) => {
    if (!(error instanceof CannotError)) throw error
    fault = error.message
  })
  const notes = out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Note)
  return { notes, ...(fault === undefined ? {} : { fault }) }
}

test('a note comes out with marks, and with the places of its identifiers in the text as it came', async () => {
  const text = '😀 seen on 2024-03-05, SSN 123-45-6789.'

  const { notes } = await redacted(`${note('a', text)}\n`)

  expect(notes).toEqual([
    {
      id: 'a',
      text: '😀 seen on 2024, SSN [SOCIAL_SECURITY_NUMBER].',
      spans: [
        { start: 11, end: 21, type: 'DATE' },
        { start: 27, end: 38, type: 'SOCIAL_SECURITY_NUMBER' },
      ],
    },
  ])
  expect(notes[0]?.spans.map(({ start, end }) => text.slice(start, end))).toEqual([
    '2024-03-05',
    '123-45-6789',
  ])
})

test('notes come out in order however their bytes come in pieces', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 8 }),
      fc.array(fc.nat(40), { maxLength: 20 }),
      async (texts, cuts) => {
        const bytes = Buffer.from(texts.map((text, id) => `${note(id, text)}\n`).join(''))
        const pieces: Buffer[] = []
        let at = 0
        for (const cut of cuts) pieces.push(bytes.subarray(at, (at += cut)))
        pieces.push(bytes.subarray(at))

        const { notes, fault } = await redacted(...pieces)

        expect(fault).toBeUndefined()
        expect(notes.map(({ id }) => id)).toEqual(texts.map((_, id) => id))
        expect(notes).toEqual((await redacted(bytes)).notes)
      },
    ),
    { numRuns: 50 },
  )
})

test('a last line without an end, blank lines and CR LF are read', async () => {
  const { notes } = await redacted(`${note(1, 'a')}\r\n\n\r\n${note(2, 'b')}`)

  expect(notes.map(({ id }) => id)).toEqual([1, 2])
})

test('members besides id and text do not come out', async () => {
  const { notes } = await redacted(JSON.stringify({ id: 1, text: 'x', name: 'Elowen', spans: ['Elowen'] }))

  expect(notes).toEqual([{ id: 1, text: 'x', spans: [] }])
})

test.each([
  ['no JSON', '{"id":1,"text":"Elowen', /^line 2: it is not JSON/],
  ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), /^line 2: it is not JSON/],
  ['half a character', '{"id":1,"text":"\\ud800 Elowen"}', /^line 2: it holds half of a character/],
  ['a number beyond all', '{"id":12345678901234567890,"text":"Elowen"}', /^line 2: it holds a number/],
  [
    'lists in lists',
    `{"id":1,"text":"Elowen","x":${'['.repeat(70)}${']'.repeat(70)}}`,
    /^line 2: it is nested/,
  ],
  ['a list', '["Elowen"]', /^line 2: it is no object/],
  ['no text', '{"id":"Elowen"}', /^line 2: it is no object/],
  ['no id', '{"text":"Elowen"}', /^line 2: it is no object/],
  ['an id that is a document', '{"id":{"of":"Elowen"},"text":"x"}', /^line 2: it is no object/],
])('%s stops it at its line, of which nothing is said, after what came before', async (_, line, says) => {
  const { notes, fault } = await redacted(`${note(1, 'before')}\n`, line, `\n${note(3, 'after')}\n`)

  expect(fault).toMatch(says)
  expect(fault).not.toContain('Elowen')
  expect(notes.map(({ id }) => id)).toEqual([1])
})

test('a line that is too long stops it, whether it ends or not', async () => {
  const long = 'a'.repeat(redactor.longest + 1)

  expect((await redacted(long)).fault).toMatch(/^line 1: it is longer than 8 MiB/)
  expect((await redacted(`${note(1, 'x')}\n${long}\n`)).fault).toMatch(/^line 2: it is longer/)
})

test('nothing is read while what was written waits to be taken', async () => {
  let sent = 0
  function* lines(): Generator<Buffer> {
    for (; sent < 1000; sent += 1) yield Buffer.from(`${note(sent, 'x'.repeat(1000))}\n`)
  }
  const waiting: (() => void)[] = []
  const to = new Writable({ highWaterMark: 1000, write: (_chunk, _, done) => waiting.push(done) })
  const done = redactLines(
    Readable.from(lines(), { highWaterMark: 1 }),
    new Output(to),
    redactor,
    () => undefined,
  )

  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(sent).toBeLessThan(10)

  const taking = setInterval(() => {
    for (const take of waiting.splice(0)) take()
  }, 0)
  await done
  clearInterval(taking)
  expect(sent).toBe(1000)
})

test('the command exits 3 with the line and none of its content, and 0 when its reader goes away', async () => {
  const broken = spawnSync(process.execPath, [main, 'redact'], { input: `${note(1, 'a')}\nElowen\n` })
  expect(broken).toMatchObject({ status: 3 })
  expect(broken.stderr.toString()).toBe('line 2: it is not JSON in UTF-8, one document a line\n')
  expect(broken.stdout.toString()).toBe('{"id":1,"text":"a","spans":[]}\n')

  const child = spawn(process.execPath, [main, 'redact'])
  child.stdin.on('error', () => undefined)
  const line = `${note(1, 'x'.repeat(10_000))}\n`
  const sending = setInterval(() => child.stdin.write(line.repeat(20)), 1)
  await once(child.stdout, 'data')
  child.stdout.destroy()
  let notes = ''
  child.stderr.on('data', (chunk: Buffer) => (notes += chunk.toString()))
  const [code] = (await once(child, 'exit')) as [number]
  clearInterval(sending)
  expect({ code, notes }).toEqual({ code: 0, notes: '' })
})
