import { createSecretKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { KubernetesObject } from '../../../core/kubernetes.ts'
import { keepBundles, ownServices } from '../../../operator/authority/webhook-certificate.ts'
import { verifies } from '../../verifies.ts'
import { quiet } from '../cluster/scripted-api.ts'

test('a Service that is made again is the one that was installed', async () => {
  const documents = parseAllDocuments(await readFile('config/webhook/services.yaml', 'utf8'))
  expect(ownServices).toEqual(documents.map((document) => document.toJS() as unknown))
})

verifies(
  'injection:outage',
  'a Service that somebody deleted is made again, and one that is there is left alone',
  async () => {
    const there = new Map<string, unknown>([['hipaa-mcp-channel', {}]])
    const made: string[] = []
    const kept = keepBundles(
      {
        get: async (kind, _, name) =>
          (kind.kind === 'Service' ? there.get(name) : { metadata: { name }, webhooks: [] }) as never,
        create: async (_, object) => {
          made.push((object as unknown as KubernetesObject).metadata.name)
          return object
        },
        patch: async () => ({}) as never,
      },
      { pem: 'CA', webhookKey: createSecretKey(new Uint8Array(32)) },
      quiet,
    )

    await vi.waitFor(() => expect(kept.reason()).toBeUndefined())
    kept.stop()

    expect(made).toEqual(['hipaa-mcp-webhook'])
  },
)

verifies('injection:outage', 'a configuration that comes back is written within ten seconds', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const there = new Set(['ValidatingWebhookConfiguration'])
  const written: string[] = []
  const kept = keepBundles(
    {
      get: async (kind, _, name) =>
        (kind.kind === 'Service' || there.has(kind.kind)
          ? { metadata: { name }, webhooks: [{ name: 'one', clientConfig: {} }] }
          : undefined) as never,
      create: async (_, object) => object,
      patch: async (kind) => void written.push(kind.kind) as never,
    },
    { pem: 'CA', webhookKey: createSecretKey(new Uint8Array(32)) },
    quiet,
  )
  onTestFinished(() => kept.stop())

  await vi.advanceTimersByTimeAsync(270_000)
  expect(new Set(written)).toEqual(new Set(['ValidatingWebhookConfiguration']))
  expect(kept.reason()).toBe('webhook-ca-not-written')
  there.add('MutatingWebhookConfiguration')
  await vi.advanceTimersByTimeAsync(10_000)

  expect(written).toContain('MutatingWebhookConfiguration')
  expect(kept.reason()).toBeUndefined()
})
