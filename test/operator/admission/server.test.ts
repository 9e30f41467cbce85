// Who is believed at the webhooks' port, which anybody in the cluster reaches.

import { readFile } from 'node:fs/promises'
import { connect as dial } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { Agent, request } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { startWebhooks, webhookKinds } from '../../../operator/admission/server.ts'
import { makeAuthority } from '../../../operator/authority/ca.ts'
import { pathSecret } from '../../../operator/authority/webhook-path.ts'
import { verifies } from '../../verifies.ts'
import { quiet } from '../cluster/scripted-api.ts'
import { aServer } from '../world.ts'
import { aPod, aRequest, surroundings } from './pods.ts'

const servername = 'hipaa-mcp-webhook.hipaa-mcp-system.svc'

const away = async (): Promise<never> => {
  throw new Error('planted')
}

/** Webhooks in a cluster that is away, so that every pod is refused; or in one that lists what is given. */
async function webhooks(list: () => Promise<unknown> = away) {
  const authority = await makeAuthority('test', Date.now())
  const told: string[] = []
  const listener = await startWebhooks({
    client: { get: async () => undefined, list: list as typeof away, patch: away },
    authority,
    surroundings,
    log: quiet,
    port: 0,
    attempt: ({ reason }) => told.push(reason),
    refused: (kind) => told.push(kind),
    asked: (all) => told.push(...all),
    record: ({ uid }) => told.push(uid),
  })
  const agent = new Agent({
    connect: { ca: authority.pem, servername },
  })
  onTestFinished(async () => {
    await agent.destroy()
    await listener.close(0)
  })
  const asks = async (path: string, more: object = {}): Promise<unknown> => {
    const asked = aRequest(aPod(), { name: 'ehr-1', operation: 'CONNECT', subResource: 'exec', ...more })
    const answer = await request(`https://127.0.0.1:${listener.port}${path}`, {
      method: 'POST',
      dispatcher: agent,
      body: JSON.stringify({ kind: 'AdmissionReview', request: asked }),
    })
    if (answer.statusCode !== 200) {
      await answer.body.dump()
      return answer.statusCode
    }
    const { response } = (await answer.body.json()) as { response: { allowed: boolean } }
    return response.allowed
  }
  return {
    asks,
    told,
    port: listener.port,
    ca: authority.pem,
    secret: pathSecret(authority.webhookKey, Date.now()),
  }
}

verifies('audit:admission', 'what the API server asks is recorded, counted and said', async () => {
  const { asks, told, secret } = await webhooks()

  expect(await asks(`/connect/${secret}?timeout=10s`)).toBe(false)

  expect(told).toEqual(['request-1', 'ConnectRefused', 'pods/exec'])
})

verifies('audit:admission', 'nobody else writes a record, an Event or a number by asking', async () => {
  const { asks, told, secret } = await webhooks()

  for (const path of ['/connect', '/connect/', `/connect/${'0'.repeat(64)}`, `/connect/${secret.slice(1)}`])
    expect(await asks(path), path).toBe(false)
  expect(await asks(`/none/${secret}`)).toBe(404)

  expect(told).toEqual([])
})

verifies('audit:admission', 'a dry run is refused, and no refusal of the trail', async () => {
  const { asks, told, secret } = await webhooks()

  expect(await asks(`/connect/${secret}`, { dryRun: true })).toBe(false)

  expect(told).toEqual([])
})

test('what a pod says and admission puts right is counted for the API server, and neither for strangers nor for dry runs', async () => {
  const { asks, told, secret } = await webhooks(async () => ({ items: [aServer()] }))
  const create = { operation: 'CREATE', subResource: undefined }
  const pod = (spec: object) => ({ ...create, object: aPod(spec) })
  const inject = `/inject/${secret}`

  expect(await asks('/inject', pod({ dnsPolicy: 'Default' }))).toBe(true)
  expect(await asks(inject, { ...pod({ dnsPolicy: 'Default' }), dryRun: true })).toBe(true)
  expect(await asks(inject, pod({}))).toBe(true)
  expect(await asks(inject, pod({ dnsPolicy: 'Default', hostPID: true }))).toBe(false)
  expect(told).toEqual(['request-1', 'pods'])

  expect(await asks(inject, pod({ dnsPolicy: 'Default', nodeName: 'node' }))).toBe(true)
  expect(told.slice(2)).toEqual(['dns-policy', 'node'])
})

test('strangers who send bodies that never end leave the API server its room', async () => {
  const { asks, port, ca, secret } = await webhooks()
  const body = Buffer.alloc(8_388_000, ' ')
  const settled = new Set<number>()
  // Of four addresses, twice each: all that there is, where there is one share for all.
  const strangers = [2, 3, 4, 5, 2, 3, 4, 5].map((host, index) => {
    const socket = connect({
      socket: dial({ port, host: '127.0.0.1', localAddress: `127.0.0.${host}` }),
      ca,
      servername,
    })
    const settles = () => settled.add(index)
    socket.on('error', settles).once('data', settles)
    socket.write('POST /connect HTTP/1.1\r\nhost: x\r\ncontent-length: 8388608\r\n\r\n')
    socket.write(body, settles)
    return socket
  })
  onTestFinished(() => {
    for (const socket of strangers) socket.destroy()
  })
  await expect.poll(() => settled.size, { timeout: 10_000 }).toBe(strangers.length)
  await sleep(200)

  expect(await asks(`/connect/${secret}`, { options: 'x'.repeat(1_000_000) })).toBe(false)
})

type Configuration = {
  kind: string
  webhooks: {
    sideEffects: string
    clientConfig: { service: { path: string } }
    rules: { resources: string[] }[]
  }[]
}
async function configured(): Promise<Configuration['webhooks']> {
  const documents = parseAllDocuments(await readFile('config/webhook/webhooks.yaml', 'utf8'))
  return documents.flatMap((document) => (document.toJS() as Configuration).webhooks)
}

test('what is counted by kind is what the webhooks are asked for, and nothing that anybody names', async () => {
  const { asks, told, secret } = await webhooks()
  await asks(`/connect/${secret}`, { subResource: 'patient-jane-doe' })
  expect(told).toEqual(['request-1', 'ConnectRefused'])

  const resources = (await configured()).flatMap(({ rules }) => rules.flatMap((rule) => rule.resources))
  expect(webhookKinds).toEqual(new Set(resources))
})

test('webhooks that record say that they do, but for dry runs', async () => {
  expect(new Set((await configured()).map(({ sideEffects }) => sideEffects))).toEqual(
    new Set(['NoneOnDryRun']),
  )
})

test('there is an answer under every path that the API server is told to ask', async () => {
  const { asks, secret } = await webhooks()

  for (const path of new Set((await configured()).map(({ clientConfig }) => clientConfig.service.path)))
    expect(await asks(`${path}/${secret}`), path).not.toBe(404)
})
