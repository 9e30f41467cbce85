// An agreement ends by the clock while a guarded app holds a connection to the associate's host, on a real node: seen by the app
// itself, in status and in metrics. Renewed, it opens the way again.

import { expect } from 'vitest'
import type { BusinessAssociateAgreement } from '../../../crds/businessassociateagreement.generated.ts'
import { until } from '../../demo/kubectl.ts'
import { conditionOf, serverStatus } from '../../demo/scene.ts'
import { agreement } from '../../demo/steps/egress.ts'
import { askThrough } from '../../demo/steps/monitoring.ts'
import { verifies } from '../../verifies.ts'
import { ofKind, podsOf, type Stage, verifiedTrail } from './stage.ts'

/** The longest that an end may take, milliseconds. */
const bound = 5_000
const name = 'holder'
const baa = 'harbourlight'
const host = 'records.vendor.svc.cluster.local'

/** Holds a connection on which it asks twice a second, and opens another as soon as that is gone. A line of JSON for what it sees. */
const program = `
const { connect } = require('node:tls')
const host = '${host}'
const ask = 'GET /healthz HTTP/1.1\\r\\nhost: ' + host + '\\r\\n\\r\\n'
const say = (what, more) => console.log(JSON.stringify({ at: Date.now(), what, ...more }))
const open = () => {
  let answered = 0
  let asking
  const socket = connect({ host, port: 443, servername: host }, () => {
    say('opened')
    socket.write(ask)
    asking = setInterval(() => socket.write(ask), 500)
  })
  socket.on('data', () => (answered = Date.now()))
  socket.on('error', () => {})
  socket.on('close', () => {
    clearInterval(asking)
    if (asking === undefined) say('refused')
    else say('cut', { answered })
    setTimeout(open, 500)
  })
}
open()
process.on('SIGTERM', () => process.exit())`

const holder = (image: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'clinic',
    labels: { app: name },
    annotations: { 'hipaa-mcp.dev/server': 'ehr' },
  },
  spec: {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000 },
    containers: [
      {
        name: 'app',
        image,
        command: ['/usr/bin/node'],
        args: ['-e', program],
        env: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/etc/clinic/ca.crt' }],
        volumeMounts: [{ name: 'ca', mountPath: '/etc/clinic', readOnly: true }],
      },
    ],
    volumes: [{ name: 'ca', configMap: { name: 'clinic-ca' } }],
  },
})

/** `at`: by the clock of the pod. `answered`: when the last answer came on the connection that was cut. */
type Line = { at: number; what: 'opened' | 'refused' | 'cut'; answered?: number }

export function agreementEnd(stage: Stage): void {
  const lines = async (): Promise<Line[]> => {
    const text = await stage().kubectl.run(['logs', name, '-n', 'clinic', '-c', 'app'])
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line)
  }
  /** The first line of a kind that the app said after a moment. */
  const said = async (what: Line['what'], after: number, seconds: number): Promise<Line> =>
    await until(
      `the app says ${what}`,
      seconds,
      async () => (await lines()).find((line) => line.what === what && line.at >= after),
      async () => {
        const { stdout } = await stage().kubectl.attempt(['describe', 'pod', name, '-n', 'clinic'])
        return `${JSON.stringify((await lines()).slice(-5))} ${stdout.slice(-2_000)}`
      },
    )
  const seen = async (): Promise<BusinessAssociateAgreement> => {
    const found = await stage().kubectl.get<BusinessAssociateAgreement>('baa', baa)
    if (found === undefined) throw new Error('The agreement is not there')
    return found
  }
  /** What status, the server's condition and Prometheus say of it, once they say so. */
  const everywhere = async (
    reason: string,
    condition: string,
    daysLeft: number,
    active: number,
  ): Promise<void> => {
    const ask = askThrough(stage())
    const measured = async (metric: string) =>
      (await ask.instant(`max(hipaa_mcp_agreement_${metric}{agreement="${baa}"})`))[0]?.points.at(-1)?.[1]
    const told = async () => {
      const { status } = await seen()
      return {
        reason: status?.conditions?.find(({ type }) => type === 'Active')?.reason,
        daysLeft: status?.daysLeft,
        condition: conditionOf(await serverStatus(stage()), 'Baa')?.reason,
        metrics: [await measured('days_left'), await measured('active')],
      }
    }
    const wanted = { reason, daysLeft, condition, metrics: [daysLeft, active] }
    await until(
      `status and metrics say ${reason}`,
      60,
      async () => (JSON.stringify(await told()) === JSON.stringify(wanted) ? true : undefined),
      async () => JSON.stringify(await told()),
    )
  }

  verifies(
    'agreement:egress',
    'on a node: an open connection is cut within five seconds of the agreement’s end by the clock, none is opened after it, and renewal opens the way again',
    async () => {
      const { kubectl, images } = stage()
      try {
        await kubectl.apply(JSON.stringify(holder(images.samples)))
        await said('refused', 0, 120)

        await kubectl.apply(await agreement(30))
        const expires = Date.parse((await seen()).spec.expires)
        await said('opened', 0, 25)
        const cut = await said('cut', 0, 60)
        await everywhere('Expired', 'AgreementExpired', 0, 0)
        const after = (await lines()).filter(({ at }) => at > cut.at)

        const late = cut.at - expires
        console.log(`    cut ${late} ms after the end; ${after.length} connections refused since`)
        expect(late).toBeGreaterThanOrEqual(0)
        expect(late).toBeLessThan(bound)
        // It was in use to the last.
        expect(cut.answered).toBeGreaterThan(expires - 2_000)
        expect(after.length).toBeGreaterThan(2)
        expect(after.filter(({ what }) => what !== 'refused')).toEqual([])

        const renewed = Date.now()
        const days = 30
        const spec = { expires: new Date(renewed + days * 86_400_000).toISOString() }
        await kubectl.run(['patch', 'baa', baa, '--type=merge', '-p', JSON.stringify({ spec })])
        const again = await said('opened', renewed, 30)
        console.log(`    open again ${again.at - renewed} ms after the renewal`)
        await everywhere('Active', 'AgreementsActive', days - 1, 1)
        // Those of a minute are one record.
        await until('the refused ones are counted in the trail', 90, async () => {
          const { records } = await verifiedTrail(stage(), 'agreement-end')
          return ofKind(records, 'counted').find(
            ({ at, what, source, reason }) =>
              Date.parse(at) >= expires &&
              `${what} ${source} ${reason}` === `egress-refused ${host} agreement-over`,
          )
        })
        const [pod] = await podsOf(stage(), 'clinic', `app=${name}`)
        expect(pod?.restarts).toBe(0)
      } finally {
        await kubectl.run(['delete', 'pod', name, '-n', 'clinic', '--ignore-not-found', '--timeout=90s'])
        await kubectl.run(['delete', 'baa', baa, '--ignore-not-found'])
      }
    },
    400_000,
  )
}
