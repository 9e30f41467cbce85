// What a person is told of servers, and of the hosts that agreements cover.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { anAgreement, aServer } from '../operator/world.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { verifies } from '../verifies.ts'
import { type ApiServer, anApiServer } from './api-server.ts'

let api: ApiServer
beforeEach(async () => (api = await anApiServer()))
afterEach(() => api.end())

const condition = (type: string, status = 'True', reason = 'Fine') => ({
  type,
  status,
  reason,
  message: 'Mend it.',
})
const server = {
  ...aServer(),
  status: { observedGeneration: 3, conditions: ['Ready', 'Compliant'].map((one) => condition(one)) },
}
const agreement = {
  ...anAgreement('vendor'),
  status: {
    daysLeft: 61,
    conditions: [condition('Active', 'True', 'Active')],
    hosts: [
      { host: 'api.vendor.example', servers: 2 },
      { host: 'api.openai.com', servers: 1, rules: 'Unproved' },
    ],
  },
}
const answers = (agreements: object | undefined) => (path: string) =>
  path.endsWith('/hipaamcpservers') ? { items: [server] } : agreements

verifies(
  'agreement:coverage',
  'status lists every host of every agreement, and whose rules are unproved',
  async () => {
    api.answer = answers({ items: [agreement] })

    const { code, out } = await hipaaMcp(['status', '--kubeconfig', api.kubeconfig], 120)

    const lines = out.split('\n').map((line) => line.trim().split(/\s{2,}/))
    expect(lines.slice(-3)).toEqual([
      ['HOST', 'AGREEMENT', 'STATE', 'DAYS LEFT', 'SERVERS', 'MODEL RULES'],
      ['api.vendor.example', 'vendor', 'Active', '61', '2', '-'],
      ['api.openai.com', 'vendor', 'Active', '61', '1', 'unproved'],
    ])
    expect(code).toBe(0)
  },
  // The Kubernetes client is read first, on a busy machine for long.
  60_000,
)

test('who may not list agreements is told so, and sees the servers', async () => {
  api.answer = answers(undefined)

  const { code, out } = await hipaaMcp(['status', '--kubeconfig', api.kubeconfig])

  expect(out).toContain('clinic/ehr')
  expect(out).toContain('You may not list BusinessAssociateAgreements (404)')
  expect(code).toBe(0)
})
