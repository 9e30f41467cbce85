// The product on a node that speaks IPv6 alone: installed, a clinic guarded, called, and let out by name; nobody gets around it.

import { isIPv4, isIPv6 } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { down } from '../cluster/cluster.ts'
import { podAddress } from '../demo/calls.ts'
import { until } from '../demo/kubectl.ts'
import { type Clinic, serverStatus } from '../demo/scene.ts'
import { answers } from '../demo/steps/answers.ts'
import type { Bare } from '../demo/steps/before.ts'
import { egress } from '../demo/steps/egress.ts'
import { lockdown } from '../demo/steps/lockdown.ts'
import { refusalOf, refusals } from '../demo/steps/refusals.ts'
import { trail } from '../demo/steps/trail.ts'
import { buildStage } from '../e2e/parts/build.ts'
import { claimsHold } from '../e2e/parts/stage.ts'
import { verifies } from '../verifies.ts'

const name = `ipv6-${process.pid}`

let clinic: Clinic
let bare: Bare

beforeAll(async () => {
  vi.stubEnv('HIPAA_MCP_CLUSTER', name)
  vi.stubEnv('HIPAA_MCP_CLUSTER_FAMILIES', 'IPv6')
  const built = await buildStage()
  clinic = built.clinic
  bare = built.bare
}, 1_200_000)

afterAll(async () => {
  await down(name)
  vi.unstubAllEnvs()
}, 120_000)

type Pods = { items: { status: { podIPs?: { ip: string }[] } }[] }
type Services = { items: { spec: { clusterIPs?: string[] } }[] }

describe('on a cluster of IPv6 alone', () => {
  test('no pod and no Service has an address of IPv4', async () => {
    const pods = await clinic.kubectl.get<Pods>('pods', '-A')
    const services = await clinic.kubectl.get<Services>('services', '-A')
    const addresses = [
      ...(pods?.items.flatMap(({ status }) => status.podIPs?.map(({ ip }) => ip) ?? []) ?? []),
      ...(services?.items.flatMap(({ spec }) => spec.clusterIPs ?? []) ?? []),
    ]

    expect(addresses.filter(isIPv4)).toEqual([])
    expect(addresses.filter(isIPv6).length).toBeGreaterThan(10)
    expect(await podAddress(clinic)).toSatisfy(isIPv6)
  })

  verifies('minimum:fields', 'without IPv4, an agent asks for a diagnosis and for notes', async () => {
    await claimsHold(async () => await answers(clinic, bare))
  })

  for (const refusal of refusals)
    verifies('audit:refusals', `without IPv4: ${refusal.title}`, async () => {
      const outcome = await refusalOf(clinic, refusal)

      expect(!outcome.ok && refusal.meant(outcome), JSON.stringify(outcome)).toBe(true)
    })

  verifies(
    'agreement:egress',
    'without IPv4: without, with and after an agreement with the vendor',
    async () => {
      await claimsHold(async () => await egress(clinic))
    },
  )

  verifies(
    'transit:network-proved',
    'without IPv4, canaries try what must fail, and none comes through',
    async () => {
      const { attempts = [] } = await until('the network is proved', 300, async () => {
        const { network } = (await serverStatus(clinic))?.status ?? {}
        return network?.lastProof === undefined ? undefined : network
      })

      expect(attempts.length).toBeGreaterThan(0)
      expect(attempts.filter(({ tried, open }) => tried === 0 || open > 0)).toEqual([])
    },
  )

  verifies('access:lockdown', 'without IPv4, a lockdown refuses everything', async () => {
    await claimsHold(async () => await lockdown(clinic))
  })

  verifies('integrity:chain', 'without IPv4, the trail leaves the cluster and verifies offline', async () => {
    await claimsHold(async () => void (await trail(clinic)))
  })
}, 600_000)
