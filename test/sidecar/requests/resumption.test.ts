// Streams that end before their answer, and are taken up again (MCP before 2026-07-28: Last-Event-ID, SEP-1699).

import type { ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Policy } from '../../../core/policy.ts'
import type { Who } from '../../../core/record.ts'
import { placeBehind, placeHandle } from '../../../sidecar/streams/place.ts'
import { anInForce } from '../../support/in-force.ts'
import { withResult } from '../../support/mcp-server.ts'
import { aCall, aMessage } from '../../support/message.ts'
import { aPolicy, aRole, aTool, someLimits } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { open, type Stream } from '../../support/stream.ts'
import { verifies } from '../../verifies.ts'

const limits = someLimits({ callsPerMinute: 1000, patientsPerHour: 1000, resultBytes: 262_144 })
const tool = aTool({
  returns: { fields: ['/code'], patients: ['/patient'], text: 'Redact', media: 'Drop' },
  limits,
})
const policy: Partial<Policy> = {
  tools: [tool],
  patient: { claim: '/patient' },
  roles: [
    aRole(),
    aRole({ name: 'patient', when: { role: 'Patient', scopes: [], actor: 'Forbidden' }, patients: 'Bound' }),
  ],
}
const speaking: Policy['fromServer'] = {
  progress: { text: 'Redact' },
  sampling: { text: 'Redact' },
  listChanged: {},
}

let ahead = 0
let scene: Scene
beforeAll(async () => {
  scene = await aScene({ policy, clock: () => Date.now() + ahead })
})
afterAll(async () => await scene.end())
afterEach(() => {
  ahead = 0
  scene.forget()
  scene.trail.fail = {}
  scene.use(aPolicy(policy))
  expect(scene.faults.splice(0)).toEqual([])
})

type Json = Record<string, unknown>
const document = (patient = 'p-7') => ({
  content: [],
  structuredContent: { code: 'E11', patient, name: 'Fluegel' },
  _meta: { Fluegel: 1 },
})
const write = (response: ServerResponse, text: string) => void response.write(text)
const begin = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/event-stream' })
const event = (one: Json, id?: string) =>
  `${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify({ jsonrpc: '2.0', ...one })}\n\n`

async function session(token?: string): Promise<Record<string, string>> {
  scene.upstream.answering = withResult(
    { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 's', version: '1' } },
    { 'mcp-session-id': 'servers-own' },
  )
  const begun = await scene.ask({
    ...aMessage('initialize', { protocolVersion: '2025-11-25', capabilities: {} }),
    ...(token === undefined ? {} : { token }),
  })
  return {
    'mcp-session-id': String(begun.headers['mcp-session-id']),
    'mcp-protocol-version': '2025-11-25',
  }
}

/** The server says where to go on, and ends the stream. */
const polling = (_: unknown, response: ServerResponse) => {
  begin(response)
  write(response, 'id: Fluegel-41\nretry: 250\ndata: \n\n')
  response.end()
}
/** The server takes the stream up again, with the answer to the call. */
const answering =
  (result: Json, before: Json[] = []) =>
  (_: unknown, response: ServerResponse) => {
    const call = scene.upstream.asked.find(({ body }) => body['method'] === 'tools/call')
    begin(response)
    for (const [at, one] of before.entries()) write(response, event(one, `Fluegel-5${at}`))
    write(response, event({ id: call?.body['id'], ...result }, 'Fluegel-60'))
  }

type Session = Record<string, string>
const called = async (headers: Session, more: { token?: string; meta?: Json } = {}): Promise<Stream> => {
  const sent = aCall({ patient_id: 'p-7' }, { id: 'mine' })
  const body = JSON.parse(String(sent.body)) as { params: { [member: string]: Json } }
  Object.assign(body.params['_meta'] ?? {}, more.meta)
  const { token } = more
  return await open(scene, {
    body: JSON.stringify(body),
    headers: { ...sent.headers, ...headers },
    ...(token === undefined ? {} : { token }),
  })
}
const again = async (headers: Session, last: string | undefined, token?: string): Promise<Stream> =>
  await open(scene, {
    method: 'GET',
    headers: { ...headers, 'last-event-id': String(last) },
    ...(token === undefined ? {} : { token }),
  })
/** A call whose stream has ended: its session, and where it goes on. */
async function waiting(token?: string): Promise<{ headers: Session; last: string | undefined }> {
  const headers = await session(token)
  scene.upstream.answering = polling
  const stream = await called(headers, token === undefined ? {} : { token })
  expect(await stream.rest()).toEqual([])
  return { headers, last: stream.marks.at(-1)?.id }
}

verifies(
  'access:resumption',
  'a stream that ends for now ends, and its late answer is cut and recorded',
  async () => {
    const headers = await session()
    scene.upstream.answering = polling

    const stream = await called(headers)

    expect(await stream.rest()).toEqual([])
    expect(stream.marks).toEqual([
      { id: expect.stringMatching(/^[A-Za-z0-9_-]{60,}$/), retry: 250, empty: true },
    ])
    const [first] = scene.trail.of('result').slice(-1)
    expect(first).toMatchObject({ outcome: 'unknown', bytes: 0, patients: [] })
    expect(first?.result).toBeUndefined()
    expect(scene.trail.of('refusal')).toEqual([])

    scene.upstream.answering = answering({ result: document() })
    const resumed = await again(headers, stream.marks[0]?.id)
    const events = await resumed.rest()

    expect(events).toEqual([
      { jsonrpc: '2.0', id: 'mine', result: { content: [], structuredContent: { code: 'E11' } } },
    ])
    expect(scene.upstream.asked.at(-1)?.headers).toMatchObject({
      'last-event-id': 'Fluegel-41',
      'mcp-session-id': 'servers-own',
    })
    const [intent] = scene.trail.of('intent').slice(-1)
    expect(intent).toMatchObject({ method: 'GET', tool: 'get_diagnosis', purpose: 'TREAT', patients: [{}] })
    expect(scene.trail.of('event')).toMatchObject([
      {
        call: first?.call,
        method: 'tools/call',
        result: expect.stringMatching(/^hmac-sha256:/),
        bytes: Buffer.byteLength(JSON.stringify(events[0])),
        patients: [{}],
        dropped: { meta: 1 },
      },
    ])
    expect(JSON.stringify(scene.trail.entries)).not.toMatch(/Fluegel|p-7/)
  },
)

verifies('access:resumption', 'a late answer whose record fails does not leave', async () => {
  const { headers, last } = await waiting()
  scene.upstream.answering = answering({ result: document() })
  scene.trail.fail = { event: 'rejects' }

  const events = await (await again(headers, last)).rest()

  expect(events).toMatchObject([{ error: { data: { reason: 'trail-unavailable' } } }])
  expect(JSON.stringify(events)).not.toContain('E11')
})

verifies(
  'access:resumption',
  'nobody takes up another’s stream, nor anybody one of another session',
  async () => {
    const { headers, last } = await waiting()
    const another = await scene.token({ sub: 'clinician-2' })
    const theirs = await session(another)
    const mine = await session()
    const asked = scene.upstream.asked.length

    for (const [itsSession, handle, token] of [
      [theirs, last, another],
      [mine, last, undefined],
      [headers, `${String(last).slice(0, -2)}${String(last).endsWith('AA') ? 'BB' : 'AA'}`, undefined],
      [headers, 'Fluegel-41', undefined],
      [headers, '', undefined],
    ] as const) {
      const stream = await again(itsSession, handle, token)
      expect(stream.status).toBe(400)
      expect(await stream.rest()).toMatchObject([{ error: { data: { reason: 'event-unknown' } } }])
    }
    const stranger = await again(headers, last, another)
    expect(stranger.status).toBe(404)
    expect(scene.upstream.asked).toHaveLength(asked)
    expect(scene.trail.of('refusal').map(({ reason }) => reason)).toEqual([
      ...Array<string>(5).fill('event-unknown'),
      'session-unknown',
    ])
  },
)

verifies(
  'access:limits',
  'a late answer that is asked for again and again is recorded each time, and fills the volume of the hour',
  async () => {
    const { resultBytes, ...others } = limits
    scene.use(
      aPolicy({
        ...policy,
        tools: [{ ...tool, limits: { ...others, resultBytes, resultBytesPerHour: 200 } }],
      }),
    )
    const { headers, last } = await waiting(await scene.token({ sub: 'clinician-9' }))
    const token = await scene.token({ sub: 'clinician-9' })
    scene.upstream.answering = answering({ result: document() })

    const told: unknown[] = []
    for (let times = 0; times < 4; times += 1)
      told.push(...(await (await again(headers, last, token)).rest()))

    expect(told.map((one) => ((one as Json)['error'] === undefined ? 'answered' : 'refused'))).toEqual([
      'answered',
      'answered',
      'refused',
      'refused',
    ])
    expect(told.at(-1)).toMatchObject({ error: { data: { reason: 'volume-over-limit' } } })
    expect(scene.trail.of('event')).toHaveLength(4)
  },
)

verifies('access:resumption', 'a place is sealed to the person, whatever the session', () => {
  const { inForce = anInForce() } = scene.orders.standing()
  const who = { iss: 'https://login.example.org', sub: 'clinician-1' } as Who
  const mine = { who, session: 'one', revision: '2025-11-25', inForce } as const
  const handle = placeHandle(mine, { id: '7' }, 0)

  expect(placeBehind(mine, handle, 1)).toEqual({ id: '7' })
  expect(placeBehind({ ...mine, who: { ...who, sub: 'clinician-2' } }, handle, 1)).toBeUndefined()
  expect(placeBehind({ ...mine, session: 'two' }, handle, 1)).toBeUndefined()
  expect(placeBehind({ ...mine, revision: '2026-07-28' }, handle, 1)).toBeUndefined()
})

verifies('access:resumption', 'a place is over after an hour', async () => {
  const { headers, last } = await waiting()
  scene.upstream.answering = answering({ result: document() })

  ahead = 3_599_000
  const token = await scene.token({
    iat: Math.floor((Date.now() + ahead) / 1000) - 5,
    exp: Math.floor((Date.now() + ahead) / 1000) + 600,
  })
  expect((await again(headers, last, token)).status).toBe(200)
  ahead = 3_601_000
  expect((await again(headers, last, token)).status).toBe(400)
})

verifies('access:resumption', 'a late answer about another patient is refused, and recorded so', async () => {
  const token = await scene.token({ realm_access: { roles: ['Patient'] }, patient: 'p-7' })
  const { headers, last } = await waiting(token)
  scene.upstream.answering = answering({ result: document('p-8') })

  const events = await (await again(headers, last, token)).rest()

  expect(events).toMatchObject([{ id: 'mine', result: { isError: true } }])
  expect(JSON.stringify(events)).not.toContain('E11')
  expect(scene.trail.of('refusal')).toMatchObject([{ reason: 'patient-not-permitted', method: 'tools/call' }])
  expect(scene.trail.of('event')).toHaveLength(1)

  scene.trail.fail = { refuse: 'rejects' }
  const unrecorded = await (await again(headers, last, token)).rest()
  expect(unrecorded).toMatchObject([{ error: { data: { reason: 'trail-unavailable' } } }])
  expect(scene.faults.splice(0)).toEqual(['trail: Refusal'])
})

verifies('access:resumption', 'what the caller may not have by now does not answer late', async () => {
  const { headers, last } = await waiting()
  scene.use(aPolicy({ ...policy, roles: [aRole({ tools: [] })] }))
  const gone = await again(headers, last)
  expect(await gone.rest()).toMatchObject([{ error: { data: { reason: 'event-unknown' } } }])

  scene.use(aPolicy(policy))
  const token = await scene.token({ realm_access: { roles: ['Patient'] }, patient: 'p-8' })
  const out = await again(headers, last, token)
  expect(await out.rest()).toMatchObject([{ error: { data: { reason: 'patient-not-permitted' } } }])
  expect(scene.upstream.asked.filter(({ headers: { 'last-event-id': one } }) => one !== undefined)).toEqual(
    [],
  )
})

verifies('access:resumption', 'an error that comes late is worded by us', async () => {
  const { headers, last } = await waiting()
  scene.upstream.answering = answering({ error: { code: -32603, message: 'Fluegel' } })

  const events = await (await again(headers, last)).rest()

  expect(events).toMatchObject([{ id: 'mine', result: { isError: true } }])
  expect(JSON.stringify(events)).not.toContain('Fluegel')
})

verifies('access:resumption', 'an answer to another call is none here', async () => {
  const { headers, last } = await waiting()
  scene.upstream.answering = (_, response) => {
    begin(response)
    write(response, event({ id: 999, result: document() }))
    response.end()
  }

  expect(await (await again(headers, last)).rest()).toEqual([])
})

verifies(
  'access:resumption',
  'a stream is taken up again more than once, with what is said in between',
  async () => {
    scene.use(aPolicy({ ...policy, fromServer: speaking }))
    const headers = await session()
    scene.upstream.answering = polling
    const stream = await called(headers, { meta: { progressToken: 'theirs' } })
    await stream.rest()
    const progress = { method: 'notifications/progress', params: { progress: 1, message: '555-123-4567' } }
    scene.upstream.answering = (_, response) => {
      begin(response)
      write(response, event(progress, 'Fluegel-50'))
      write(response, event({ method: 'notifications/Fluegel' }, 'Fluegel-51'))
      response.end()
    }

    const second = await again(headers, stream.marks.at(-1)?.id)
    expect(await second.rest()).toMatchObject([
      { method: 'notifications/progress', params: { progressToken: 'theirs', message: '[PHONE]' } },
    ])
    expect(second.marks.map(({ empty }) => empty)).toEqual([false, true])

    scene.upstream.answering = answering({ result: document() })
    const third = await again(headers, second.marks.at(-1)?.id)

    expect(await third.rest()).toMatchObject([{ id: 'mine', result: {} }])
    expect(scene.upstream.asked.at(-1)?.headers['last-event-id']).toBe('Fluegel-51')
    const first = scene.trail.of('intent').find(({ method }) => method === 'tools/call')
    expect(scene.trail.of('event').map(({ method, call }) => [method, call])).toEqual([
      ['notifications/progress', first?.call],
      ['tools/call', first?.call],
    ])
  },
)

verifies(
  'access:resumption',
  'a caller who goes away after a place was told comes again for the answer',
  async () => {
    const headers = await session()
    const left = Promise.withResolvers<void>()
    scene.upstream.answering = (_, response) => {
      begin(response)
      write(response, 'id: Fluegel-41\ndata: \n\n')
      response.once('close', () => left.resolve())
    }
    const stream = await called(headers)
    await expect.poll(() => stream.marks.length).toBe(1)

    stream.leave()
    await left.promise

    await expect.poll(() => scene.trail.of('result').at(-1)).toMatchObject({ outcome: 'unknown' })
    expect(scene.upstream.asked.map(({ body }) => body['method'])).not.toContain('notifications/cancelled')
    scene.upstream.answering = answering({ result: document() })
    expect(await (await again(headers, stream.marks[0]?.id)).rest()).toMatchObject([{ id: 'mine' }])
  },
)

test('a call that goes on elsewhere can still be cancelled', async () => {
  const { headers } = await waiting()
  const running = scene.upstream.asked.at(-1)?.body['id']
  scene.upstream.answering = (_, response) => response.writeHead(202).end()

  const cancel = aMessage('notifications/cancelled', { requestId: 'mine' }, { id: null })
  expect((await scene.ask({ ...cancel, headers })).status).toBe(202)

  expect(scene.upstream.asked.at(-1)?.body['params']).toEqual({ requestId: running })
})

test('a stream that breaks off without a place is an error, as ever', async () => {
  const headers = await session()
  for (const said of ['', 'retry: 5\n\n', `id: ${'x'.repeat(600)}\ndata: \n\n`, 'id: é\ndata: \n\n']) {
    scene.upstream.answering = (_, response) => {
      begin(response)
      write(response, `: \n\n${said}`)
      response.end()
    }
    const stream = await called(headers)

    expect(stream.type).toBe('application/json')
    expect(JSON.stringify(await stream.rest())).toContain('upstream-broken-off')
  }
})

test('without a session a stream is not taken up again', async () => {
  scene.upstream.answering = polling
  const stream = await called({})

  expect(stream.marks).toEqual([])
  expect(JSON.stringify(await stream.rest())).toContain('upstream-broken-off')
})

test('a server that keeps no events says so, and its caller learns it', async () => {
  const { headers, last } = await waiting()
  scene.upstream.answering = (_, response) => response.writeHead(400).end('Fluegel')

  const stream = await again(headers, last)

  expect(stream.status).toBe(400)
  expect(await stream.rest()).toMatchObject([{ error: { data: { reason: 'event-unknown' } } }])
})

verifies('access:resumption', 'the stream of a session is taken up again', async () => {
  scene.use(aPolicy({ ...policy, fromServer: speaking }))
  const headers = await session()
  const changed = { method: 'notifications/tools/list_changed' }
  scene.upstream.answering = (_, response) => {
    begin(response)
    write(response, 'id: Fluegel-0\nretry: 99\ndata: \n\n')
    write(response, event(changed, 'Fluegel-1'))
    response.end()
  }

  const stream = await open(scene, { method: 'GET', headers })
  expect(await stream.rest()).toHaveLength(1)
  const second = await again(headers, stream.marks.at(-1)?.id)
  await second.rest()

  expect(stream.marks).toMatchObject([{ retry: 99, empty: true }, { empty: false }])
  expect(scene.upstream.asked.at(-1)?.headers['last-event-id']).toBe('Fluegel-1')
  // Answers to calls are not for it.
  scene.upstream.answering = (_, response) => {
    begin(response)
    write(response, event({ id: 1, result: document() }, 'Fluegel-2'))
    response.end()
  }
  expect(await (await again(headers, second.marks.at(-1)?.id)).rest()).toEqual([])
})
