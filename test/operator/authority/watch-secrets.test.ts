// What is said when somebody deletes or changes the Secret of a CA while the operator runs.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { authoritySecrets } from '../../../core/identifiers.ts'
import { loadAuthority } from '../../../operator/authority/ca.ts'
import { watchSecrets } from '../../../operator/authority/watch-secrets.ts'
import { kinds } from '../../../operator/cluster/kinds.ts'
import { observeWorld } from '../../../operator/observed-metrics.ts'
import { objects } from './objects.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const namespace = 'hipaa-mcp-system'
const { own, clients } = authoritySecrets

async function minute(): Promise<void> {
  await vi.advanceTimersByTimeAsync(60_000)
}

async function watched() {
  const client = objects()
  const loaded = {
    [own]: (await loadAuthority(client, own)).pem,
    [clients]: (await loadAuthority(client, clients)).pem,
  }
  const said: [level: string, message: string, fields: object][] = []
  const at = (level: string) => (message: string, fields: object) => void said.push([level, message, fields])
  const create = vi.spyOn(client, 'create')
  const get = vi.spyOn(client, 'get')
  const log = { info: at('info'), warn: at('warn'), error: at('error') } as never
  const watch = watchSecrets({ client, loaded, log, every: 60_000 })
  watch.start()
  await vi.advanceTimersByTimeAsync(1)
  const held = () => Object.fromEntries(watch.held().map(({ name, held }) => [name, held]))
  return { client, said, create, get, watch, held }
}

test('as they were loaded nothing is said', async () => {
  const { said, held } = await watched()
  await minute()

  expect(said).toEqual([])
  expect(held()).toEqual({ [own]: true, [clients]: true })
})

test('a Secret that was deleted is said once, with what to do, and is not made again', async () => {
  const { client, said, held, create } = await watched()
  const before = await client.get<{ metadata: object }>(kinds.secret, namespace, own)
  await client.delete(kinds.secret, namespace, own)
  await minute()
  await minute()

  expect(said).toEqual([
    ['error', expect.stringMatching(/is gone: restore it from a backup before any pod/), { name: own }],
  ])
  expect(held()).toEqual({ [own]: false, [clients]: true })
  expect(create).not.toHaveBeenCalled()

  client.put(kinds.secret, { metadata: { name: own, namespace }, ...before })
  await minute()
  expect(said).toHaveLength(2)
  expect(held()).toEqual({ [own]: true, [clients]: true })
})

test('another CA in its place, or none that could sign, is not what was loaded', async () => {
  const { client, said, held } = await watched()
  const metadata = { name: own, namespace }
  const before = await client.get<{ data: { [key: string]: string } }>(kinds.secret, namespace, own)
  await client.delete(kinds.secret, namespace, clients)
  await loadAuthority(client, clients)
  client.put(kinds.secret, { metadata, data: { 'tls.crt': before?.data['tls.crt'] } })
  await minute()

  expect(said.map(([, message, fields]) => [message.split(':')[0], fields])).toEqual([
    ['The Secret of a CA holds another one than this replica has', { name: own }],
    ['The Secret of a CA holds another one than this replica has', { name: clients }],
  ])
  expect(held()).toEqual({ [own]: false, [clients]: false })
})

test('an API server that does not answer changes nothing, and is said once', async () => {
  const { said, held, get } = await watched()
  get.mockRejectedValue(new Error('away'))
  await minute()
  await minute()

  expect(said).toHaveLength(2)
  expect(said.every(([level]) => level === 'warn')).toBe(true)
  expect(held()).toEqual({ [own]: true, [clients]: true })
})

test('a scrape tells each of them, of every replica', async () => {
  const { client, watch } = await watched()
  await client.delete(kinds.secret, namespace, clients)
  await minute()
  const read = new Map<string, () => unknown>()
  observeWorld({ observed: (_, name, __, points) => void read.set(name, points) }, {
    secrets: () => watch.held(),
  } as never)

  expect(read.get('hipaa_mcp_ca_secret_held')?.()).toEqual([
    { value: 1, attributes: { name: own } },
    { value: 0, attributes: { name: clients } },
  ])
})
