// What reads bytes or texts that others wrote, each with what must hold whatever stands there: it reads or refuses in its own words,
// never depends on how the bytes arrive, says nothing but what stands there, and takes nothing that another reader refuses.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decode, encode } from 'dns-packet'
import { canonical, type Json } from '../../core/canonical.ts'
import { bodyOf, parseNote, parseVkey, verifyNote, vkey } from '../../core/checkpoint.ts'
import { certificateRequest, newKey } from '../../core/csr.ts'
import { parseText } from '../../core/json.ts'
import { scan } from '../../core/json-scan.ts'
import { Frames, frameOf } from '../../core/post-frames.ts'
import { parseRecord, recordBytes } from '../../core/record.ts'
import { valueAt } from '../../core/redaction/tape-values.ts'
import { readSegment, SegmentDamaged } from '../../core/sealed/segment.ts'
import { entriesIn } from '../../core/tiles.ts'
import { formatProof, parseProof, provenIn } from '../../core/tlog-proof.ts'
import { uriTemplate } from '../../core/uri-template.ts'
import { BadPolicy, parseWitnessPolicy } from '../../core/witness-policy.ts'
import { proved } from '../../operator/authority/certificate-request.ts'
import { answerTo } from '../../sidecar/egress/answer.ts'
import { readClientHello, readSecondHello } from '../../sidecar/egress/client-hello.ts'
import { readOpening, sslRequest } from '../../sidecar/egress/postgres.ts'
import { EgressRefusal } from '../../sidecar/egress/reasons.ts'
import { BrokenResponse, ResponseParser } from '../../sidecar/http1/response.ts'
import { rawResult } from '../../sidecar/raw-result.ts'
import { eventParser, type SentEvent } from '../../sidecar/sse.ts'
import { clientHello, extension, record, serverName } from '../sidecar/egress/tls-messages.ts'
import { llhttp } from './llhttp.ts'
import type { Target } from './loop.ts'

const vectors = join(import.meta.dirname, '..', 'vectors')
const file = (...path: string[]): Buffer => readFileSync(join(vectors, ...path))
const text = (...path: string[]): string => file(...path).toString('utf8')

type Refusing = new (...args: never[]) => Error

/** What it made; undefined where it refused in its own words. Throws what else is thrown. */
function taken<Made>(make: () => Made, ...own: readonly Refusing[]): Made | undefined {
  try {
    return make()
  } catch (error) {
    if (own.some((kind) => error instanceof kind)) return undefined
    throw error
  }
}

/** In pieces of these lengths, over and over. */
function* pieces(input: Buffer, lengths: readonly number[]): Generator<Buffer> {
  for (let at = 0, i = 0; at < input.length; i += 1) {
    const end = at + (lengths[i % lengths.length] as number)
    yield input.subarray(at, end)
    at = end
  }
}

const records = text('log', 'records.ndjson')
  .split('\n')
  .filter((line) => line !== '')
const note = text('log', 'checkpoint')
const noteKey = parseVkey(text('log', 'vkey').trim())
const witnessKey = text('log', 'witness').trim()
const proofs = ['record-2.tlog-proof', 'record-6.tlog-proof'].map((name) => text('log', name))
const { dataKey } = JSON.parse(text('sealed-segment.json')) as { dataKey: string }
const hello = clientHello(serverName('api.vendor.example'), extension(43, Buffer.from([2, 3, 4])))

/** Frames out of the input in such pieces, up to what is refused. */
function framesOf(input: Buffer, lengths: readonly number[]): { bytes: Buffer; refused: boolean } {
  const frames = new Frames(256)
  const made: Buffer[] = []
  try {
    for (const piece of pieces(input, lengths)) {
      frames.take(piece)
      for (let one = frames.next(); one !== undefined; one = frames.next())
        made.push(frameOf(one.id, one.number, [one.payload]))
    }
  } catch (error) {
    if ((error as { code?: string }).code !== 'FRAME_TOO_LARGE') throw error
    return { bytes: Buffer.concat(made), refused: true }
  }
  return { bytes: Buffer.concat(made), refused: false }
}

/** Events of the input in such pieces. One of less than 200 characters. */
function eventsOf(input: Buffer, lengths: readonly number[]): SentEvent[] | undefined {
  const events: SentEvent[] = []
  const take = eventParser((event) => events.push(event), 200)
  return taken(
    () => {
      for (const piece of pieces(input, lengths)) take(piece)
      return events
    },
    RangeError,
    TypeError,
  )
}

type Response = { status: number; body: Buffer; done: boolean }

/** The response in such pieces; undefined where it is refused. */
function responseOf(input: Buffer, lengths: readonly number[]): Response | undefined {
  const seen = { status: 0, body: [] as Buffer[] }
  const parser = new ResponseParser({
    begun: (status) => (seen.status = status),
    data: (chunk) => seen.body.push(chunk),
    ended: () => undefined,
  })
  return taken(() => {
    for (const piece of pieces(input, lengths)) parser.feed(piece)
    return { status: seen.status, body: Buffer.concat(seen.body), done: parser.done }
  }, BrokenResponse)
}

async function* whole(input: Buffer): AsyncGenerator<Buffer> {
  yield input
}

/** Reads with and without the key; undefined where it is refused. */
async function segmentOf(input: Buffer): Promise<Buffer[] | undefined> {
  try {
    await (await readSegment(whole(input))).check()
    const read: Buffer[] = []
    for await (const group of (await readSegment(whole(input))).records(Buffer.from(dataKey, 'hex')))
      read.push(...group)
    return read
  } catch (error) {
    if (error instanceof SegmentDamaged) return undefined
    throw error
  }
}

const question = (name: string, type = 'A'): Buffer =>
  encode({ type: 'query', id: 7, flags: 0x100, questions: [{ name, type, class: 'IN' }], answers: [] })
const declared = 'api.vendor.example'
const lookup = {
  ready: true,
  addressOf: (name: string) => (name === declared ? '127.64.0.1' : undefined),
  search: ['clinic.svc.cluster.local'],
}

/** The JSON value, as JSON.parse has it; undefined where that refuses it. */
const parsed = (input: string): { value: unknown } | undefined =>
  taken(() => ({ value: JSON.parse(input) as unknown }), SyntaxError)
const jsons = [
  '{"resourceType":"Patient","id":"p-1","name":[{"family":"Testcase"}],"active":true,"n":-1.5e3}',
  '[1,2,{"a":"\\u00e9\\n","b":[[]]},null,false,"\u{1f600}"]',
]
const jsonWords = [
  '\\u',
  '\\ud83d',
  '\\"',
  '1e5',
  '-0',
  '0.1',
  '9007199254740993',
  'true',
  'null',
  '"a":',
  '\u00e9',
  '{}',
  '[[',
]

export const targets: { readonly [name: string]: Target } = {
  'post frames': {
    seeds: [Buffer.concat([frameOf(1, 4, [Buffer.from('/v1/body')]), frameOf(2, 200, [])])],
    holds: (input) => {
      const all = framesOf(input, [4_096])
      assert.deepEqual(framesOf(input, [1, 7, 2]), all)
      assert(input.subarray(0, all.bytes.length).equals(all.bytes))
      return undefined
    },
  },
  'sealed segments': {
    seeds: [file('sealed-segment.sealed')],
    words: ['"from":', '"to":', '"bytes":', '"checkpoint":""', '\n'],
    holds: async (input) => {
      const read = await segmentOf(input)
      assert(read === undefined || input.equals(file('sealed-segment.sealed')))
      return undefined
    },
  },
  records: {
    seeds: records.map((line) => Buffer.from(line)),
    words: ['"kind":"', '"schema":"phi-access/1"', '\\u0041', ' ', '1e0', '-0', '[[', 'null'],
    holds: (input) => {
      const read = taken(() => parseRecord(input), TypeError, SyntaxError, RangeError)
      assert(read === undefined || recordBytes(read).equals(input))
      return read?.kind
    },
  },
  checkpoints: {
    seeds: [Buffer.from(note), file('log', 'checkpoint.4')],
    words: ['\n\n', '\u2014 ', '\r', '=', '00'],
    holds: (input) => {
      const said = input.toString('utf8')
      const read = taken(() => parseNote(said), TypeError)
      if (read === undefined) return undefined
      const body = bodyOf(read.checkpoint)
      assert.equal(said.slice(0, body.length + 1), `${body}\n`)
      const isOurs = [note, text('log', 'checkpoint.4')].some((one) => one.startsWith(`${body}\n`))
      assert(verifyNote(said, noteKey) === undefined || isOurs)
      return undefined
    },
  },
  'proofs of records': {
    seeds: proofs.map((proof) => Buffer.from(proof)),
    words: ['\n\n', 'extra ', 'index ', '='],
    holds: (input) => {
      const said = input.toString('utf8')
      const read = taken(() => parseProof(said), TypeError)
      if (read === undefined) return undefined
      assert.equal(formatProof(read), said)
      const proven = taken(() => provenIn(read), TypeError)
      // Of the tree whose root stands in the vectors nothing else is proved than what is in it, where it is.
      if (proven !== undefined && note.startsWith(bodyOf(proven.checkpoint)))
        assert.equal(proven.record.toString('utf8'), records[proven.place.index])
      return undefined
    },
  },
  'verifier keys': {
    seeds: [Buffer.from(vkey(noteKey)), Buffer.from(witnessKey)],
    words: ['+', '=', ' '],
    holds: (input) => {
      const said = input.toString('utf8')
      const read = taken(() => parseVkey(said), TypeError)
      assert(read === undefined || vkey(read) === said)
      return undefined
    },
  },
  bundles: {
    seeds: [Buffer.from([2, 0, 3, 97, 98, 99, 0, 1, 100])],
    holds: (input) => {
      const bundle = input.subarray(1)
      const entries = taken(() => entriesIn(bundle, input[0] ?? 0), RangeError)
      if (entries === undefined) return undefined
      assert.equal(entries.length, input[0] ?? 0)
      assert.equal(
        entries.reduce((sum, entry) => sum + entry.length + 2, 0),
        bundle.length,
      )
      return undefined
    },
  },
  'policies of witnesses': {
    seeds: [
      Buffer.from(
        `# Two.\nlog ${vkey(noteKey)}\nwitness A ${witnessKey} https://a.example/\ngroup all 1 A\nquorum all\n`,
      ),
    ],
    words: ['log ', 'witness ', 'group ', 'quorum ', 'any ', 'all ', 'none', '\n', '\t', '#', '__proto__ '],
    holds: (input) => {
      const read = taken(() => parseWitnessPolicy(input.toString('utf8')), BadPolicy)
      if (read === undefined) return undefined
      const names = new Set([...read.witnesses.map(({ name }) => name), ...read.groups.keys(), 'none'])
      assert(names.has(read.quorum))
      assert([...read.groups.values()].every(({ least, members }) => least >= 1 && least <= members.length))
      return undefined
    },
  },
  'URI templates': {
    seeds: [
      Buffer.from('ehr://patients/{patient}/labs\nehr://patients/p-1/labs'),
      Buffer.from('a{b}c{d}\nab.c~'),
    ],
    words: ['{', '}', '{patient}', '/', '..', '\\', '(', '$', '^', '?', '|', '%2e', '\u2028'],
    holds: (input) => {
      const [template = '', uri = ''] = input.toString('utf8').split('\n')
      const made = taken(() => uriTemplate(template), TypeError)
      const values = made?.match(uri)
      if (values === undefined) return undefined
      assert(![...values.values()].some((value) => /[/?#%]/.test(value)))
      assert.equal(
        template.replaceAll(/\{([^{}]*)\}/g, (_, name: string) => String(values.get(name))),
        uri,
      )
      return 'a match'
    },
  },
  'JSON where it lies': {
    seeds: jsons.map((json) => Buffer.from(json)),
    words: jsonWords,
    holds: (input) => {
      const said = input.toString('utf8')
      const bytes = Buffer.from(said)
      const tape = scan(bytes)
      if (tape === undefined) return parsed(said) === undefined ? 'no JSON' : 'left to JSON.parse'
      const signs = tape.entries
        .slice(0, 36)
        .filter((_, i) => i % 6 === 0)
        .join()
      const ours = valueAt(tape, 0)
      const theirs = parsed(said)
      assert(theirs !== undefined)
      assert.deepEqual(ours, theirs.value)
      return signs
    },
  },
  'JSON of others': {
    seeds: jsons.map((json) => Buffer.from(json)),
    words: jsonWords,
    holds: (input) => {
      const said = input.toString('utf8')
      const read = parseText(said)
      const theirs = parsed(said)
      if ('fault' in read) return read.fault
      assert(theirs !== undefined)
      // What is passed on is the same to who reads it, and written anew it stays as it is.
      const written = canonical(read.value as Json)
      assert.deepEqual(JSON.parse(written), JSON.parse(JSON.stringify(theirs.value)))
      assert.equal(canonical(JSON.parse(written) as Json), written)
      return undefined
    },
  },
  'results as they came': {
    seeds: [
      '{"jsonrpc":"2.0","id":1,"result":{"a":[1, 2],"b":"}\\""}}',
      '{"id":"{\\"result\\":1}", "result" : { } }',
    ].map((json) => Buffer.from(json)),
    words: ['"result":', '"r\\u0065sult":', '{"result":{}}', ',', '\\"', '\\\\', ...jsonWords],
    holds: (input) => {
      const said = input.toString('utf8')
      const read = parseText(said)
      if ('fault' in read) return undefined
      const { result } = (read.value ?? {}) as { result?: unknown }
      if (Array.isArray(read.value) || typeof result !== 'object' || result === null || Array.isArray(result))
        return undefined
      const raw = rawResult(said)
      if (raw === undefined) return 'left to JSON.parse'
      assert.deepEqual(JSON.parse(raw.text), result)
      assert(raw.members >= Object.keys(result).length)
      return undefined
    },
  },
  'events of a server': {
    seeds: [
      Buffer.from('id: 7\nevent: message\ndata: a\ndata: \u00e9\n\nretry: 100\r\ndata:b\r\r: note\n\n'),
    ],
    words: ['data:', 'id:', 'event:', 'retry:', '\r\n', '\n\n', '\r', '\ufeff', '\0'],
    holds: (input) => {
      const events = eventsOf(input, [4_096])
      // Refused is refused, though not at the same byte.
      assert.deepEqual(eventsOf(input, [1]), events)
      assert.deepEqual(eventsOf(input, [3, 1, 5]), events)
      return undefined
    },
  },
  'HTTP responses': {
    seeds: [
      'HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 2\r\nKeep-Alive: timeout=5\r\n\r\nab',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n0\r\nA: b\r\n\r\n',
      'HTTP/1.0 204 No\r\nConnection: close\r\n\r\n',
    ].map((response) => Buffer.from(response)),
    words: [
      '\r\n',
      '\n',
      '\r',
      'Content-Length: 2\r\n',
      'Transfer-Encoding: chunked\r\n',
      'HTTP/1.1 200 \r\n',
      '\xa0',
      '\t',
      ' ',
      '0x',
      '+1',
      '0\r\n\r\n',
    ],
    holds: (input) => {
      const ours = responseOf(input, [4_096])
      assert.deepEqual(responseOf(input, [1]), ours)
      assert.deepEqual(responseOf(input, [5, 1, 2]), ours)
      // What is whole to us, Node's own reader takes too, and as the same.
      if (ours?.done !== true) return undefined
      assert.deepEqual(llhttp(input), { status: ours.status, body: ours.body })
      return undefined
    },
  },
  'hellos of TLS': {
    seeds: [
      record(hello),
      Buffer.concat([record(hello.subarray(0, 20)), record(hello.subarray(20))]),
      record(clientHello(serverName('a.example', 'b.example'))),
    ],
    holds: (input) => {
      const read = readClientHello(input)
      readSecondHello(input)
      if (read === undefined || 'refused' in read) return read?.refused
      // As much of it as there is need for says the same, and less says nothing else.
      assert.deepEqual(readClientHello(input.subarray(0, read.size)), read)
      for (let size = 0; size < read.size; size += 7)
        assert.equal(readClientHello(input.subarray(0, size)), undefined)
      return 'a name'
    },
  },
  'questions of DNS': {
    seeds: [
      question(declared),
      question('other.example', 'AAAA'),
      question(`${declared}.clinic.svc.cluster.local`),
    ],
    words: ['\xc0\x0c', '\x03api', '\x00\x1c', '\x00\xff'],
    holds: (input) => {
      const answered = answerTo(input, lookup)
      if (answered === undefined) return undefined
      const { id, type, answers, questions } = decode(answered.bytes)
      assert.deepEqual([id, type, questions.length], [input.readUInt16BE(0), 'response', 1])
      assert(answers.every(({ name }) => name.toLowerCase() === declared))
      return answers.length > 0 ? 'an address' : 'none'
    },
  },
  'certificate requests': {
    seeds: [Buffer.from(certificateRequest(newKey(), ['ehr.clinic.example']))],
    words: ['-----BEGIN CERTIFICATE REQUEST-----\n', '-----END CERTIFICATE REQUEST-----', '=', '\n'],
    holds: async (input) => {
      const read = await proved(input.toString('latin1'))
      return 'refused' in read ? read.refused : 'proved'
    },
  },
  'openings of PostgreSQL': {
    seeds: [sslRequest, Buffer.from('\0\0\0\x10\0\x03\0\0user\0a\0\0', 'latin1')],
    holds: (input) => {
      const read = taken(() => readOpening(input), EgressRefusal)
      if (read === undefined) return undefined
      assert(read.size >= 8 && read.size <= 10_000)
      assert(read.says === 'encrypt' || read.size <= input.length)
      return read.says
    },
  },
}
