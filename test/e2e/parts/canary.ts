// A patient whom nobody can guess is put into the EHR and sent through every method and error path that the servers of this
// suite offer. Afterwards every place is searched for any of her values, in whatever form: zero, but in allowed answers.

import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { raw } from '../../demo/calls.ts'
import { configMap } from '../../demo/manifests.ts'
import type { RawAnswer, RawRequest } from '../../sample/agent.ts'
import { type Canary, canary, searchFor, valuesOf } from '../../sample/canary.ts'
import { aMessage } from '../../support/message.ts'
import { verifies } from '../../verifies.ts'
import { coreDumps, type Place, places, productProcesses, writableFolders } from './places.ts'
import { type Stage, verifiedTrail } from './stage.ts'

/** How an answer is judged. `served`: the call is right, and its note's word may stand in it; `echo`: so may the id given. */
type Sent = RawRequest & { row: string; served?: true; echo?: true }

const json: Record<string, string> = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
}
const old = '2025-11-25'
const now = '2026-07-28'

type How = {
  revision?: '2025-11-25' | '2026-07-28'
  id?: string | number | null
  headers?: Record<string, string>
}

function message(method: string, params: Record<string, unknown>, { headers, ...how }: How = {}): RawRequest {
  // The purpose is the token's.
  const made = aMessage(method, params, { ...how, purpose: null })
  return { headers: { ...json, ...made.headers, ...headers }, body: String(made.body) }
}

/** More members for `_meta`. */
function withMeta(request: RawRequest, more: object): RawRequest {
  const body = JSON.parse(request.body ?? '') as { params: { _meta: object } }
  Object.assign(body.params['_meta'], more)
  return { ...request, body: JSON.stringify(body) }
}

/** What is sent of a row. */
const requestOf = ({ url, method, headers, body, bare }: Sent): RawRequest => ({
  ...(url === undefined ? {} : { url }),
  ...(method === undefined ? {} : { method }),
  ...(headers === undefined ? {} : { headers }),
  ...(body === undefined ? {} : { body }),
  ...(bare === undefined ? {} : { bare }),
})

function requestsOf({ identifiers, told }: Canary): Sent[] {
  const { id, given, family, mrn, email, street } = identifiers
  const [word, mark] = [family, `${given} ${family} ${mrn} ${email} ${street} ${told}`]
  const tools = ['get_diagnosis', 'list_medications', 'read_notes', 'check_coverage']
  const call = (tool: string, args: object, more: How = {}) =>
    message('tools/call', { name: tool, arguments: args }, more)
  const good = (more: How = {}) => call('get_diagnosis', { patient_id: id }, more)
  const rows: Sent[] = []
  const add = (row: string, request: RawRequest, how: Partial<Sent> = {}): number =>
    rows.push({ row, ...request, ...how })

  for (const revision of [old, now] as const) {
    for (const tool of tools)
      add(`${tool} in ${revision}`, call(tool, { patient_id: id }, { revision }), { served: true })
    add(
      'a patient whom the EHR does not know, by MRN',
      call('get_diagnosis', { patient_id: mrn }, { revision }),
    )
    add('a value that breaks its rule', call('get_diagnosis', { patient_id: mark }, { revision }))
    add(
      'an argument that no schema names',
      call('get_diagnosis', { patient_id: id, [word]: mark }, { revision }),
    )
    add('a tool', call(word, { patient_id: id }, { revision }))
    add('a resource', message('resources/read', { uri: `ehr://${word}` }, { revision }))
    add('a resource to watch', message('resources/subscribe', { uri: `ehr://${word}` }, { revision }))
    add('a prompt', message('prompts/get', { name: word, arguments: { a: mark } }, { revision }))
    add(
      'a completion',
      message(
        'completion/complete',
        { ref: { type: 'ref/prompt', name: word }, argument: { name: 'a', value: mark } },
        { revision },
      ),
    )
    add('a method', message(`${word}/list`, { [word]: mark }, { revision }))
    add('a task', message('tasks/get', { taskId: word }, { revision }))
    add('a cursor', message('tools/list', { cursor: mark }, { revision }))
    add(
      'a notification',
      message(
        'notifications/progress',
        { progressToken: word, progress: 1, message: mark },
        { revision, id: null },
      ),
    )
    add(
      'a cancellation',
      message('notifications/cancelled', { requestId: word, reason: mark }, { revision, id: null }),
    )
    add('a log level', message('logging/setLevel', { level: mark }, { revision }))
    add('_meta', withMeta(good({ revision }), { [word]: mark }), { served: true })
    add('the id of a request', good({ revision, id: mark }), { echo: true, served: true })
    add('a batch', { ...good({ revision }), body: `[${JSON.stringify({ [word]: mark })}]` })
    add('broken JSON', { ...good({ revision }), body: `{"jsonrpc":"2.0","params":{"${word}":"${mark}` })
    add('a body of two megabytes', {
      ...good({ revision }),
      body: JSON.stringify({ a: `${mark} `.repeat(20_000) }),
    })
    add('a body of another type', good({ revision, headers: { 'content-type': `text/${word}` } }))
    for (const [name, value] of Object.entries({
      'x-patient-id': mark,
      'x-fhir-server-url': `https://${word}.example`,
      'x-fhir-access-token': word,
      baggage: `patient=${word}`,
      tracestate: `p=${word}`,
      traceparent: `00-${word}-01`,
      'mcp-session-id': word,
      'mcp-param-patient': mark,
      'last-event-id': word,
      'mcp-name': mark,
      cookie: `p=${word}`,
      referer: `https://${word}.example`,
      'user-agent': mark,
      'x-forwarded-for': word,
      origin: `https://${word}.example`,
      dpop: word,
    }))
      add(`the header ${name}`, good({ revision, headers: { [name]: value } }), { served: true })
  }
  add(
    'an introduction',
    message('initialize', {
      protocolVersion: old,
      capabilities: {},
      clientInfo: { name: mark, version: word },
    }),
  )
  add('a query', { ...good(), url: `/mcp?patient=${word}` })
  add('a token in the query', { ...good(), url: `/mcp?access_token=${word}` })
  add('a path', { ...good(), url: `/mcp/${word}` })
  add('a stream to take up again', {
    method: 'GET',
    headers: { ...json, 'last-event-id': word, 'mcp-session-id': word },
  })
  add('the end of a session', { method: 'DELETE', headers: { ...json, 'mcp-session-id': word } })
  add('no token', { ...good(), bare: true })
  add('a token that is none', { ...good({ headers: { authorization: `Bearer ${word}` } }), bare: true })
  return rows
}

export function theCanary(stage: Stage): void {
  const her = canary()
  const search = searchFor(valuesOf(her))
  const found = async (silent: readonly string[] = []): Promise<{ hits: string[]; seen: string[] }> => {
    const [hits, seen]: [string[], string[]] = [[], []]
    for await (const { name, bytes } of everywhere(silent)) {
      if (bytes.length > 0) seen.push(name)
      for (const what of search(bytes)) hits.push(`${what} in ${name}`)
    }
    return { hits, seen }
  }
  async function* everywhere(silent: readonly string[]): AsyncGenerator<Place> {
    yield* places(stage(), silent)
    const trail = await verifiedTrail(stage(), 'canary')
    yield { name: 'the trail in clear', bytes: JSON.stringify(trail.records) }
  }

  beforeAll(async () => {
    // By standard input: what stands in a command line stands in the logs of a cluster.
    const { id } = her.record.patient
    const sql = `INSERT INTO records (id, record) VALUES ('${id}', $her$${JSON.stringify(her.record)}$her$);`
    const psql = ['psql', '-h', '/tmp', '-U', 'ehr', '-q', '-v', 'ON_ERROR_STOP=1', '-f', '-']
    await stage().kubectl.run(['exec', '-i', '-n', 'clinic', 'ehr-db-0', '--', ...psql], sql)
  })
  afterAll(async () => {
    const sql = `DELETE FROM records WHERE id = '${her.record.patient.id}';`
    await stage().kubectl.run(
      ['exec', '-i', '-n', 'clinic', 'ehr-db-0', '--', 'psql', '-h', '/tmp', '-U', 'ehr', '-q', '-f', '-'],
      sql,
    )
  })

  verifies(
    'transmission:canary',
    'every method and error path answers without a value that it may not hold',
    async () => {
      const sent = requestsOf(her)

      const answers = await raw(stage(), sent.map(requestOf))
      const refused = await raw(stage(), sent.slice(0, 4).map(requestOf), { person: 'billing' })

      expect(answers).toHaveLength(sent.length)
      const wrong = sent.flatMap((one, at) => judged(one, answers[at] as RawAnswer))
      expect(wrong).toEqual([])
      expect(refused.flatMap((answer) => search(JSON.stringify(answer)))).toEqual([])
      // The calls that are right were answered with what the EHR has of her: the search below looks for something.
      const served = sent.flatMap(({ row }, at) =>
        row.startsWith('read_notes') ? [answers[at]?.text ?? ''] : [],
      )
      expect(served.map((text) => search(text))).toEqual([['told'], ['told']])
      const kinds = new Set(answers.map(({ status }) => status))
      console.log(
        `    ${sent.length} requests, answered by ${[...kinds].toSorted((a, b) => a - b).join(', ')}`,
      )
      expect(kinds.size).toBeGreaterThanOrEqual(6)
      // Every one was answered by us: a request that its client did not send would show nothing.
      const silent = sent.flatMap(({ row }, at) =>
        answers[at]?.status === 0 ? [`${row}: ${answers[at]?.failed}`] : [],
      )
      expect(silent).toEqual([])
    },
  )

  function judged({ row, served, echo }: Sent, { status, headers, text }: RawAnswer): string[] {
    const allowed = [
      ...(served === true ? ['told'] : []),
      ...(echo === true ? Object.keys(valuesOf(her)) : []),
    ]
    const hits = [
      ...search(JSON.stringify(headers)).map((what) => `${what} in a header`),
      ...search(text)
        .filter((what) => !allowed.includes(what))
        .map((what) => `${what} in the body`),
    ]
    const cache = (headers as { 'cache-control'?: string })['cache-control']
    // Where Node itself ends a connection there is no header at all.
    if (status > 0 && text !== '' && cache !== undefined && !cache.includes('no-store'))
      hits.push(`cache-control ${cache}`)
    if (status === 200 && cache === undefined) hits.push('no cache-control')
    return hits.map((hit) => `${row}: ${hit}`)
  }

  verifies(
    'transmission:canary',
    'logs, Events, status, objects, metrics, files, etcd and the trail are searched afterwards',
    async () => {
      const from = performance.now()

      const { hits, seen } = await found()

      console.log(`    ${seen.length} places in ${((performance.now() - from) / 1000).toFixed(0)} s`)
      expect(hits).toEqual([])
      for (const place of [
        '/hipaa-mcp ',
        'log hipaa-mcp-operator',
        'log hipaa-mcp-collector',
        'Events',
        'our kinds',
        'objects of the product',
        'metrics',
        'collector/main.ts: ',
        'the node’s etcd',
        'the node’s log',
        'the trail in clear',
      ])
        expect(
          seen.some((name) => name.includes(place)),
          place,
        ).toBe(true)
    },
  )

  verifies('transmission:canary', 'what is planted in each of them is found', async () => {
    const { kubectl } = stage()
    const { identifiers } = her
    const name = 'planted-by-the-canary'
    const sidecars = (await productProcesses()).filter(({ program }) => program === 'sidecar/main.ts')
    const folders = (await Promise.all(sidecars.map(async ({ pid }) => await writableFolders(pid)))).flat()
    const files = folders.filter((folder) => folder.endsWith('/tmp')).map((folder) => join(folder, name))
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace: 'clinic' },
      involvedObject: { kind: 'Pod', namespace: 'clinic', name },
      reason: 'Planted',
      message: `seen by ${encodeURIComponent(identifiers.street)}`,
      type: 'Normal',
    }
    await kubectl.apply(
      configMap('hipaa-mcp-system', name, {
        planted: Buffer.from(`ab${identifiers.mrn}`).toString('base64'),
      }),
    )
    await kubectl.run(['create', '-f', '-'], JSON.stringify(event))
    const plant = async (file: string): Promise<void> =>
      await writeFile(file, `{"name":"${identifiers.family.toUpperCase()}"}`)
    // A pod of an earlier part may be ending: its sidecar can be gone before the search comes to it.
    const planted = await Promise.allSettled(files.map(plant))
    expect(planted.map(({ status }) => status)).toContain('fulfilled')
    try {
      const { hits } = await found()

      const places = [
        ['mrn', 'objects of the product'],
        ['mrn', 'the node’s etcd'],
        ['street', 'Events'],
        ['family', 'sidecar/main.ts: /proc/'],
      ] as const
      const missed = places.filter(
        ([what, place]) => !hits.some((hit) => hit.startsWith(`${what} in ${place}`)),
      )
      expect(missed, hits.join('\n')).toEqual([])
    } finally {
      await Promise.allSettled(files.map(async (file) => await rm(file, { force: true })))
      await kubectl.run(['delete', 'configmap', name, '-n', 'hipaa-mcp-system'])
      await kubectl.run(['delete', 'event', name, '-n', 'clinic'])
    }
  })

  verifies(
    'transmission:canary',
    'no program of the product can leave a core file where it runs',
    async () => {
      // Without those of a pod that ends meanwhile.
      const seen = await Promise.all(
        (await productProcesses()).map(async ({ pid, program }) => {
          const dump = await coreDumps(pid)
          return dump === undefined ? [] : [{ program, ...dump }]
        }),
      )
      const dumps = seen.flat()

      console.log(`    limits of core files: ${[...new Set(dumps.map(({ limit }) => limit))].join(', ')}`)
      expect(dumps.filter(({ program }) => program === 'sidecar/main.ts').length).toBeGreaterThan(0)
      // The wrapper runs in the app's container, whose file system is the app's.
      const own = dumps.filter(({ program }) => program !== 'wrapper.mjs')
      expect(own.filter(({ limit, writable }) => limit !== '0' && writable)).toEqual([])
    },
  )
}
