// What canaries and sidecars see of the network of a real node, while its NetworkPolicy controller runs and while it does not.

import { afterAll, beforeAll, expect } from 'vitest'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { nodeName } from '../../cluster/certificates.ts'
import { until } from '../../demo/kubectl.ts'
import { rolledOut } from '../../demo/rollout.ts'
import { verifies } from '../../verifies.ts'
import { endDaemon } from './node-daemons.ts'
import type { Stage } from './stage.ts'

const system = 'hipaa-mcp-system'
const operator = 'deployment/hipaa-mcp-operator'
const setting = 'HIPAA_MCP_NETWORK_SECONDS'
const seconds = 20

type Network = NonNullable<NonNullable<HipaaMcpServer['status']>['network']>
type Proof = { status: string; reason: string; at: number; attempts: NonNullable<Network['attempts']> }

const rows = ({ attempts }: Proof, open: boolean) =>
  attempts.filter((row) => row.open > 0 === open).map(({ from, to }) => `${from} to ${to}`)

export function networkProof(stage: Stage): void {
  const proof = async (): Promise<Proof> => {
    const seen = await stage().kubectl.get<HipaaMcpServer>('hipaamcpserver', 'ehr', '-n', 'clinic')
    const condition = seen?.status?.conditions?.find(({ type }) => type === 'NetworkEnforced')
    const { lastProof, attempts = [] } = seen?.status?.network ?? {}
    return {
      status: condition?.status ?? '',
      reason: condition?.reason ?? '',
      at: Date.parse(lastProof ?? '') || 0,
      attempts,
    }
  }
  const proofWhere = async (what: string, wait: number, holds: (seen: Proof) => boolean): Promise<Proof> =>
    await until(
      what,
      wait,
      async () => {
        const seen = await proof()
        return holds(seen) ? seen : undefined
      },
      async () => JSON.stringify(await proof()),
    )

  beforeAll(async () => {
    const { kubectl } = stage()
    await kubectl.run(['set', 'env', operator, '-n', system, `${setting}=${seconds}`])
    await rolledOut(kubectl, system, operator, 180)
    // A sidecar that runs was told to try again in a quarter of an hour.
    await kubectl.run(['rollout', 'restart', 'deployment/ehr-mcp', '-n', 'clinic'])
    await rolledOut(kubectl, 'clinic', 'deployment/ehr-mcp', 180)
  }, 400_000)
  afterAll(async () => {
    const { kubectl } = stage()
    await kubectl.run(['set', 'env', operator, '-n', system, `${setting}-`])
    await rolledOut(kubectl, system, operator, 180)
  }, 240_000)

  verifies(
    'transit:network-proved',
    'on a node that enforces policies every attempt is refused, again and again',
    async () => {
      const began = Date.now()
      const first = await proofWhere(
        'the network is proved',
        240,
        ({ status, at }) => status === 'True' && at > began,
      )
      const second = await proofWhere(
        'it is proved once more',
        180,
        ({ status, at }) => status === 'True' && at > first.at,
      )

      expect(first.reason).toBe('RefusedByTheNetwork')
      expect(rows(second, true)).toEqual([])
      expect(rows(second, false)).toEqual(
        expect.arrayContaining([
          'Stranger to GuardedPod',
          'Stranger to Store',
          'Bystander to GuardedPod',
          'Bystander to Store',
          'Bystander to Webhook',
          'Bystander to Metadata',
          'Bystander to Outside',
          'GuardedPod to Webhook',
          'GuardedPod to Metadata',
          'GuardedPod to Outside',
        ]),
      )
    },
    480_000,
  )

  verifies(
    'transit:network-proved',
    'with the NetworkPolicy controller of the node ended, canaries connect, and the gap closes when it is back',
    async () => {
      const start = await endDaemon('kube-router', { NODE_NAME: nodeName })
      const ended = Date.now()
      let gap: Proof
      try {
        gap = await proofWhere('the gap is raised', 240, ({ status }) => status === 'False')
      } finally {
        await start()
      }
      const raised = Date.now() - ended
      const back = Date.now()
      const closed = await proofWhere(
        'the gap is closed',
        300,
        ({ status, at }) => status === 'True' && at > back,
      )

      console.log(
        `    gap after ${(raised / 1000).toFixed(0)} s (${rows(gap, true).join(', ')}), closed after ${((Date.now() - back) / 1000).toFixed(0)} s`,
      )
      expect(gap.reason).toBe('CanaryConnected')
      // A pod that is new on the node is shut in by nobody.
      expect(rows(gap, true)).toContain('Bystander to Webhook')
      expect(rows(closed, true)).toEqual([])
    },
    600_000,
  )
}
