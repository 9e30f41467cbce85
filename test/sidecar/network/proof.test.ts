import { expect, vi } from 'vitest'
import type { NetworkReport } from '../../../core/network.ts'
import type { Lookup } from '../../../sidecar/channel/lookup.ts'
import { keepProving } from '../../../sidecar/network/proof.ts'
import { verifies } from '../../verifies.ts'

const addresses: { [name: string]: string[] } = {
  'hipaa-mcp-channel.hipaa-mcp-system.svc': ['10.0.0.1', 'fd00::1'],
  'hipaa-mcp-webhook.hipaa-mcp-system.svc': ['10.0.0.2', 'fd00::2'],
}
const lookup: Lookup = (name, _, answer) =>
  answer(
    null,
    (addresses[name] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  )
const silent = { info: () => {}, warn: () => {}, error: () => {} }

/** Runs until it has told so many reports, and gives them with every address that was tried. */
async function told(open: string[], answers: { status?: number; body: object }[], againMs?: number) {
  const reports: (NetworkReport | object)[] = []
  const tried: string[] = []
  const over = new AbortController()
  const running = keepProving({
    link: {
      request: async ({ body = '' }) => {
        reports.push(JSON.parse(String(body)) as object)
        const { status = 200, body: says } = answers[reports.length - 1] ?? answers.at(-1) ?? { body: {} }
        const text = JSON.stringify(says)
        return {
          statusCode: status,
          body: { text: async () => text } as never,
        }
      },
    },
    channel: new URL('https://hipaa-mcp-channel.hipaa-mcp-system.svc:8444'),
    lookup,
    log: silent,
    signal: over.signal,
    connect: async (address) => {
      tried.push(address)
      return open.includes(address)
    },
    pauseMs: 0,
    retryMs: 1,
    ...(againMs === undefined ? {} : { againMs }),
  })
  await vi.waitFor(() => expect(reports.length).toBeGreaterThanOrEqual(answers.length))
  over.abort()
  await running
  return { reports, tried }
}
const ask = { body: { seconds: 900, outside: '192.0.2.7:80' } }
const channel = '10.0.0.1:8444'

verifies(
  'transit:network-proved',
  'a sidecar asks what to try, tries it, and tells what was refused',
  async () => {
    const { reports, tried } = await told([channel], [ask, ask])

    expect(reports.slice(0, 2)).toEqual([
      {},
      { compared: true, tried: ['Webhook', 'Metadata', 'Outside'], open: [] },
    ])
    expect(new Set(tried)).toEqual(
      new Set([
        channel,
        '10.0.0.2:443',
        '169.254.169.254:80',
        '192.0.2.7:80',
        '[fd00::2]:443',
        '[fd00:ec2::254]:80',
      ]),
    )
  },
)

verifies('transit:network-proved', 'a sidecar tells what it could reach, over either family', async () => {
  for (const [address, target] of [
    ['169.254.169.254:80', 'Metadata'],
    ['[fd00:ec2::254]:80', 'Metadata'],
    ['[fd00::2]:443', 'Webhook'],
  ] as const) {
    const { reports } = await told([channel, address], [ask, ask])
    expect(reports[1]).toMatchObject({ open: [target], tried: ['Webhook', 'Metadata', 'Outside'] })
  }
})

verifies(
  'transit:network-proved',
  'a sidecar that reaches not even the operator compares with nothing',
  async () => {
    const { reports } = await told([], [ask, ask])

    expect(reports[1]).toMatchObject({ compared: false, open: [] })
  },
)

verifies('transit:network-proved', 'a sidecar whose report was not taken looks anew', async () => {
  const { reports } = await told([channel], [ask, { status: 503, body: {} }, ask, ask])

  expect(reports[2]).toEqual({})
  expect(reports[3]).toMatchObject({ compared: true })
})

verifies(
  'transit:network-proved',
  'a sidecar that could reach something, or compared with nothing, soon looks anew',
  async () => {
    const { reports } = await told([channel, '192.0.2.7:80'], [ask, ask, ask], 1)
    expect(reports[2]).toMatchObject({ open: ['Outside'] })

    const alone = await told([], [ask, ask, ask], 1)
    expect(alone.reports[2]).toMatchObject({ compared: false })
  },
)
