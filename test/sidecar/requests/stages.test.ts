// That a stage cannot be forged, and what the metrics hooks see.

import { readdir, readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Watch } from '../../../sidecar/deps.ts'
import { callsServer } from '../../../sidecar/server.ts'
import { aCall, aMessage } from '../../support/message.ts'
import { type Asking, aScene, type Scene } from '../../support/scene.ts'

const sidecar = join(import.meta.dirname, '../../../sidecar')

/** Types are structural: whoever writes the word could pass an exchange that never went through its control. */
test('only its own control says that an exchange has passed it', async () => {
  const files = (await readdir(sidecar, { recursive: true })).filter((name) => name.endsWith('.ts'))
  const writers: { [stage: string]: string[] } = {}
  for (const file of files.filter((name) => name !== 'exchange.ts').toSorted()) {
    const text = await readFile(join(sidecar, file), 'utf8')
    for (const [, stage] of text.matchAll(/\bstage: '([a-z]+)'(?=[,\s])/g))
      (writers[stage as string] ??= []).push(file)
  }
  const passed = [
    'arrived',
    'proved',
    'received',
    'identified',
    'permitted',
    'declared',
    'minimized',
    'answered',
    'redacted',
    'settled',
  ]

  expect(Object.fromEntries(passed.map((stage) => [stage, [...new Set(writers[stage])]]))).toEqual({
    arrived: ['serve.ts'],
    proved: ['controls/authenticate.ts'],
    received: ['serve.ts'],
    identified: ['controls/authenticate.ts'],
    permitted: ['controls/authorize.ts'],
    declared: ['controls/record-intent.ts'],
    minimized: ['controls/minimize.ts'],
    answered: ['controls/forward.ts'],
    redacted: [
      'controls/acknowledge.ts',
      'controls/answer-from-policy.ts',
      'controls/redact-handshake.ts',
      'controls/redact.ts',
      'controls/subscription.ts',
    ],
    settled: ['controls/record-result.ts'],
  })
})

let scene: Scene
beforeEach(async () => {
  scene = await aScene()
})
afterEach(async () => await scene.end())

test('metrics see closed sets only, and no value of a message', async () => {
  const seen: object[] = []
  const watch = Object.fromEntries(
    (['call', 'refusal', 'stage', 'fault', 'handshake'] as const).map((name) => [
      name,
      (one: object) => seen.push({ [name]: one }),
    ]),
  ) as unknown as Watch
  const { serverPair, callersCa, orders, trail, upstream } = scene
  const calls = callsServer({
    tls: { ...serverPair, ca: callersCa.cert, minVersion: 'TLSv1.3' },
    orders,
    trail,
    upstream: { port: upstream.port },
    watch,
  })
  await new Promise<void>((resolve) => calls.server.listen(0, '127.0.0.1', resolve))
  const { port } = calls.server.address() as AddressInfo
  const ask = async (asking: Asking) => await scene.ask({ ...asking, port })

  await ask(aCall())
  await ask(aCall({ patient_id: 'Fluegel' }, { tool: 'Fluegel' }))
  await ask(aMessage('Fluegel/list'))
  await ask({ ...aCall(), path: '/Fluegel' })
  await calls.drain()

  expect(JSON.stringify(seen)).not.toContain('Fluegel')
  expect(seen.filter((one) => 'call' in one || 'refusal' in one)).toMatchObject([
    { call: { method: 'tools/call', tool: 'get_diagnosis', outcome: 'ok' } },
    { refusal: { reason: 'tool-unknown', stage: 'authorize' } },
    { call: { method: 'tools/call', outcome: 'refused' } },
    { refusal: { reason: 'method-unknown', stage: 'transport' } },
    { call: { method: 'unknown', outcome: 'refused' } },
    { refusal: { reason: 'path-unknown', stage: 'transport' } },
    { call: { method: 'unknown', outcome: 'refused' } },
  ])
  expect(seen.filter((one) => 'stage' in one)).toHaveLength(7 + 1)
})
