import { Agent } from 'undici'
import { expect, test } from 'vitest'
import { ApiError, apiClient } from '../../../operator/cluster/client.ts'
import type { Credentials } from '../../../operator/cluster/credentials.ts'
import { kinds, pathOf } from '../../../operator/cluster/kinds.ts'
import { type Answer, json, scriptedApi } from './scripted-api.ts'

const status =
  (code: number, reason: string): Answer =>
  (_, response) =>
    json(response, { kind: 'Status', code, reason, message: `because ${reason}` }, code)

const failures: { when: string; answer: Answer; status: number; reason: string }[] = [
  { when: 'a conflict', answer: status(409, 'Conflict'), status: 409, reason: 'Conflict' },
  { when: 'forbidden', answer: status(403, 'Forbidden'), status: 403, reason: 'Forbidden' },
  {
    when: 'still 401 with fresh credentials',
    answer: status(401, 'Unauthorized'),
    status: 401,
    reason: 'Unauthorized',
  },
  {
    when: 'a proxy in between',
    answer: (_, response) => void response.writeHead(502).end('<html>'),
    status: 502,
    reason: 'Unknown',
  },
  { when: 'garbage', answer: (_, response) => void response.end('{'), status: 0, reason: 'Unreachable' },
  { when: 'a reset', answer: (request) => void request.socket.destroy(), status: 0, reason: 'Unreachable' },
  { when: 'a hang', answer: () => {}, status: 0, reason: 'Timeout' },
]

for (const { when, answer, status, reason } of failures)
  test(`every verb rejects with status and reason: ${when}`, async () => {
    // Only the hang has to wait for its end.
    const deadline = reason === 'Timeout' ? 100 : 5_000
    const api = await scriptedApi(answer, deadline)
    const { client } = api
    const object = { metadata: { name: 'a', namespace: 'clinic' } }
    const verbs = [
      client.get(kinds.pod, 'clinic', 'a'),
      client.list(kinds.pod),
      client
        .watch(kinds.pod, { resourceVersion: '1', timeoutSeconds: 1 }, AbortSignal.timeout(deadline))
        .then(async (bytes) => {
          // A watch that says 200 fails later, in its bytes: list-watch.ts has those.
          for await (const _ of bytes) throw new ApiError(status, reason, '')
          throw new ApiError(status, reason, '')
        }),
      client.apply(kinds.pod, object),
      client.applyStatus(kinds.server, object),
      client.create(kinds.pod, object),
      client.replace(kinds.pod, object),
      client.patch(kinds.pod, 'clinic', 'a', {}, 'merge'),
      client.delete(kinds.pod, 'clinic', 'a'),
      client.post('/apis/x', {}),
    ]

    const ends = await Promise.allSettled(verbs)

    for (const end of ends) {
      const error = end.status === 'rejected' ? (end.reason as ApiError) : undefined
      expect(error).toBeInstanceOf(ApiError)
      expect([error?.status, error?.reason]).toEqual([status, reason])
    }
    await api.close()
  })

test('a 401 is answered with fresh credentials, once', async () => {
  const tokens: (string | undefined)[] = []
  const api = await scriptedApi((request, response) => {
    tokens.push(request.headers.authorization)
    if (tokens.length === 1) json(response, {}, 401)
    else json(response, { metadata: { name: 'a' } })
  })

  const pod = await api.client.get(kinds.pod, 'clinic', 'a')

  expect(pod).toEqual({ metadata: { name: 'a' } })
  expect(tokens).toEqual(['Bearer token-0', 'Bearer token-1'])
  await api.close()
})

test('who refreshes while another call asks for its headers leaves that call an agent that is open', async () => {
  const { credentials, close } = await scriptedApi((_, response) => json(response, {}))
  const first = new Agent()
  let dispatcher = first
  const changing: Credentials = {
    ...credentials,
    get dispatcher() {
      return dispatcher
    },
    headers: async () => {
      dispatcher = new Agent()
      await first.close()
      return {}
    },
  }

  expect(await apiClient({ credentials: changing }).get(kinds.pod, 'clinic', 'a')).toEqual({})

  await dispatcher.close()
  await close()
})

test('what is not there is undefined to read and no error to delete', async () => {
  const api = await scriptedApi(status(404, 'NotFound'))

  expect(await api.client.get(kinds.pod, 'clinic', 'a')).toBeUndefined()
  await expect(api.client.delete(kinds.pod, 'clinic', 'a')).resolves.toBeUndefined()
  await api.close()
})

test('an apply is forced, under one field manager, and sends every member as it is', async () => {
  let sent = { type: '', url: '', body: '' }
  const api = await scriptedApi((request, response, url) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      sent = { type: request.headers['content-type'] ?? '', url: url.pathname + url.search, body }
      json(response, JSON.parse(body))
    })
  })
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', namespace: 'clinic' },
    spec: { brandNew: { enum: [1] } },
  }

  await api.client.apply(kinds.pod, object)

  expect(sent.type).toBe('application/apply-patch+yaml')
  expect(sent.url).toBe('/api/v1/namespaces/clinic/pods/a?fieldManager=hipaa-mcp-operator&force=true')
  expect(JSON.parse(sent.body)).toEqual(object)
  await api.close()
})

test('paths are those of the API server', () => {
  expect(pathOf(kinds.pod)).toBe('/api/v1/pods')
  expect(pathOf(kinds.pod, 'clinic', 'a', 'eviction')).toBe('/api/v1/namespaces/clinic/pods/a/eviction')
  expect(pathOf(kinds.agreement, undefined, 'openai', 'status')).toBe(
    '/apis/hipaa-mcp.dev/v1alpha1/businessassociateagreements/openai/status',
  )
})
