// Which servers are looked at again when something comes.

import { expect } from 'vitest'
import type { Client } from '../../operator/cluster/client.ts'
import { kinds } from '../../operator/cluster/kinds.ts'
import { watches } from '../../operator/watches.ts'
import { verifies } from '../verifies.ts'
import { line, quiet } from './cluster/scripted-api.ts'
import { aGrant, aPod, aServer, onRecord } from './world.ts'

const late = aPod('late', { labels: { app: 'ehr' }, resourceVersion: '2' })
const selector = { matchLabels: { app: 'ehr' } }
const server = aServer({ workload: { port: 8080, path: '/mcp', selector } })

const nothing = () => {}

/** What comes, in this order, each by the watch of its kind. */
const orders = [
  [
    { plural: kinds.server.plural, object: server },
    { plural: kinds.pod.plural, object: late },
  ],
  [
    { plural: kinds.pod.plural, object: late },
    { plural: kinds.server.plural, object: server },
  ],
] as const

for (const [first, second] of orders)
  verifies(
    'injection:copy',
    `a server is looked at with a pod that admission let be, where ${first.plural} come before ${second.plural}`,
    async () => {
      const came = new Map([first, second].map(({ plural }) => [plural, Promise.withResolvers<void>()]))
      const client = {
        list: async () => ({ metadata: { resourceVersion: '1' }, items: [] }),
        watch: async ({ plural }: { plural: string }, _: unknown, signal: AbortSignal) =>
          (async function* () {
            const found = [first, second].find((one) => one.plural === plural)
            await came.get(plural)?.promise
            if (found !== undefined) yield Buffer.from(line('ADDED', found.object))
            await new Promise((resolve) => signal.addEventListener('abort', resolve))
          })(),
      } as unknown as Client
      const looked: string[] = []
      const concerned = {
        server: (key: string) =>
          void looked.push(
            `${key} with ${world.pods
              .in('clinic')
              .map(({ metadata }) => metadata.name)
              .join()}`,
          ),
        agreement: nothing,
        grant: nothing,
        orders: nothing,
        issuers: nothing,
        volumes: nothing,
      }
      const { world, all } = watches(client, concerned, quiet)
      for (const one of all) one.start()
      await Promise.all(all.map(async (one) => await one.synced()))

      for (const { plural } of [first, second]) {
        came.get(plural)?.resolve()
        await expect.poll(() => all.find(({ kind }) => kind.plural === plural)?.all()).toHaveLength(1)
      }
      await Promise.all(all.map(async (one) => await one.stop()))

      expect(looked.at(-1)).toBe('clinic/ehr with late')
    },
  )

verifies(
  'audit:access',
  'pods are told anew when an approval comes to be on record, and not when a use is counted',
  async () => {
    const told: number[] = []
    let seen = 0
    const says = [
      aGrant(),
      aGrant({}, {}, onRecord('Requested')),
      aGrant({}, {}, onRecord()),
      aGrant({}, {}, { ...onRecord(), uses: 1 }),
      aGrant({}, { generation: 3 }, { ...onRecord(), uses: 1 }),
    ]
    const client = {
      list: async () => ({ metadata: { resourceVersion: '1' }, items: [] }),
      watch: async ({ plural }: { plural: string }, _: unknown, signal: AbortSignal) =>
        (async function* () {
          if (plural === kinds.grant.plural)
            for (const [at, grant] of says.entries()) {
              const object = { ...grant, metadata: { ...grant.metadata, resourceVersion: String(at + 2) } }
              yield Buffer.from(line(at === 0 ? 'ADDED' : 'MODIFIED', object))
            }
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
        })(),
    } as unknown as Client
    const concerned = {
      server: nothing,
      agreement: nothing,
      grant: () => void (seen += 1),
      orders: () => void told.push(seen),
      issuers: nothing,
      volumes: nothing,
    }
    const { all } = watches(client, concerned, quiet)
    for (const one of all) one.start()
    await expect.poll(() => seen).toBe(says.length)
    await Promise.all(all.map(async (one) => await one.stop()))

    expect(told).toEqual([1, 2, 3, 5])
  },
)
