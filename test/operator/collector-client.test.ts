import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { identity, identityOf } from '../../core/identifiers.ts'
import { makeAuthority } from '../../operator/authority/ca.ts'
import { keepCertificate } from '../../operator/authority/keep-certificate.ts'
import { collectorClient } from '../../operator/collector-client.ts'
import { followTrail } from '../../operator/follow-trail.ts'
import { quiet } from './cluster/scripted-api.ts'
import { aChain, aCopy, anArchive, witnessesOutside } from './world.ts'

const authority = await makeAuthority('own', Date.now())
const ours = await keepCertificate(authority, {
  identity: identity.operator,
  names: [],
  usages: ['client'],
  seconds: 3600,
})

/** What a collector that knows of no archive answers. */
const bodies: { [path: string]: unknown } = { '/v1/chains': [aChain('uid-1')], '/v1/signals': [] }

async function answering(
  as: string,
  run: (client: ReturnType<typeof collectorClient>, callers: unknown[]) => Promise<void>,
) {
  const theirs = await keepCertificate(authority, {
    identity: as,
    names: ['localhost'],
    usages: ['server'],
    seconds: 3600,
  })
  const callers: unknown[] = []
  const server = createServer(
    { ...theirs.current(), requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      callers.push(identityOf((request.socket as TLSSocket).getPeerCertificate().subjectaltname))
      const body = bodies[request.url ?? '']
      response.writeHead(body === undefined ? 404 : 200).end(JSON.stringify(body ?? {}))
    },
  )
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const client = collectorClient({
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    material: () => ours.current(),
    deadline: 2_000,
  })
  try {
    await run(client, callers)
  } finally {
    await client.close()
    server.closeAllConnections()
    server.close()
  }
}

test('the collector is asked over mutual TLS, as the operator', async () => {
  await answering(identity.collector, async (client, callers) => {
    expect(await client.chains()).toEqual([aChain('uid-1')])
    expect(await client.signals()).toEqual([])
    expect(await client.archive()).toBe(undefined)
    expect(await client.copies()).toEqual([])
    expect(await client.witnesses()).toBe(undefined)
    expect(callers).toEqual(Array.from({ length: 5 }, () => ({ role: 'operator' })))
  })
})

for (const other of [identity.sidecar('clinic', 'ehr', 'uid'), identity.operator, 'spiffe://somebody'])
  test(`what bears another identity of the same CA is not the collector: ${other}`, async () => {
    await answering(other, async (client, callers) => {
      await expect(client.chains()).rejects.toThrow('is not the collector')
      expect(callers).toEqual([])
    })
  })

test('servers are told of when what status shows of them changes, and not for every record', async () => {
  let chains = [aChain('uid-1', { policy: 'a' })]
  let archive = anArchive()
  let copies = [aCopy()]
  let witnesses = witnessesOutside()
  let away = false
  const told: string[][] = []
  let asked = 0
  const trail = followTrail({
    collector: {
      chains: async () => {
        asked += 1
        if (away) throw new Error('planted')
        return chains
      },
      signals: async () => [],
      archive: async () => archive,
      copies: async () => copies,
      witnesses: async () => witnesses,
    },
    onChange: (servers) => told.push(servers),
    log: quiet,
    every: 10,
  })
  const aFewMore = async () => {
    const from = asked
    await expect.poll(() => asked).toBeGreaterThan(from + 2)
  }
  trail.start()
  await expect.poll(() => told.length).toBe(1)

  chains = [aChain('uid-1', { policy: 'a', size: 11, witnessed: 11 })]
  await aFewMore()
  expect(told).toEqual([['clinic/ehr']])
  chains = [aChain('uid-1', { policy: 'b' })]
  await expect.poll(() => told.length).toBe(2)
  archive = anArchive({
    segments: 8,
    pending: { segments: 3, bytes: 900, oldest: '2026-11-01T11:59:00.000Z' },
  })
  await aFewMore()
  expect(told.length).toBe(2)
  archive = anArchive({ gaps: [{ reason: 'ArchivePublic', says: 'Block public access.' }] })
  await expect.poll(() => told.length).toBe(3)
  copies = [aCopy({ pending: 900, behindSeconds: 200, trouble: 'copy-away' })]
  await aFewMore()
  expect(told.length).toBe(3)
  copies = [aCopy({ pending: 900, behindSeconds: 301, behind: true, trouble: 'copy-away' })]
  await expect.poll(() => told.length).toBe(4)
  witnesses = witnessesOutside({ windowSeconds: 40, quorum: { size: 21, at: '2026-11-01T12:00:53.000Z' } })
  await aFewMore()
  expect(told.length).toBe(4)
  witnesses = witnessesOutside({ late: true })
  await expect.poll(() => told.length).toBe(5)
  witnesses = witnessesOutside({ witnesses: [{ name: 'theirs', state: 'refuses' }] })
  await expect.poll(() => told.length).toBe(6)
  away = true
  await aFewMore()

  // One answer that did not come is no news yet.
  expect(trail.current()).toEqual({ chains, signals: [], copies, archive, witnesses })
  trail.stop()
  expect(trail.current()).toBeUndefined()
})
