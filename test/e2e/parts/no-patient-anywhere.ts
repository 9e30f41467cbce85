// Synthetic patients were sent end to end: their identifiers are searched for in every place that is not the answer.

import { expect } from 'vitest'
import { leaksIn } from '../../demo/leaks.ts'
import { askThrough } from '../../demo/steps/monitoring.ts'
import { refusals } from '../../demo/steps/refusals.ts'
import type { PatientRecord } from '../../sample/fhir.ts'
import { verifies } from '../../verifies.ts'
import { ofKind, type Stage, verifiedTrail } from './stage.ts'

const identifying = new Set(['ssn', 'mrn', 'phone', 'email', 'family'])

function identified(text: string, records: readonly PatientRecord[]): string[] {
  return records.flatMap((record) =>
    leaksIn(text, record)
      .filter((kind) => identifying.has(kind))
      .map((kind) => `${kind} of ${record.patient.id}`),
  )
}

export function noPatientAnywhere(stage: Stage): void {
  verifies(
    'transmission:own-logs',
    'every log, event, metric and status of the run is searched',
    async () => {
      const { kubectl, records } = stage()
      const places: Record<string, string> = {
        'operator log': await kubectl.run([
          'logs',
          '-n',
          'hipaa-mcp-system',
          '-l',
          'app.kubernetes.io/name=hipaa-mcp-operator',
          '--tail=-1',
          '--prefix',
        ]),
        'collector log': await kubectl.run([
          'logs',
          '-n',
          'hipaa-mcp-system',
          '-l',
          'app.kubernetes.io/name=hipaa-mcp-collector',
          '--tail=-1',
        ]),
        'sidecar log': await kubectl.run([
          'logs',
          '-n',
          'clinic',
          '-l',
          'app=ehr-mcp',
          '-c',
          'hipaa-mcp',
          '--tail=-1',
        ]),
        'guard log': await kubectl.run([
          'logs',
          '-n',
          'clinic',
          '-l',
          'app=ehr-mcp',
          '-c',
          'hipaa-mcp-guard',
          '--tail=-1',
        ]),
        events: await kubectl.run(['get', 'events', '-A', '-o', 'json']),
        status: await kubectl.run(['get', 'hipaamcpservers,baa', '-A', '-o', 'json']),
        'network policies and pods': await kubectl.run([
          'get',
          'networkpolicies,pods',
          '-n',
          'clinic',
          '-o',
          'json',
        ]),
        metrics: JSON.stringify(await askThrough(stage()).instant('{__name__=~"hipaa_mcp.+"}')),
      }

      for (const [place, text] of Object.entries(places)) {
        expect(text.length, place).toBeGreaterThan(20)
        expect(identified(text, records), place).toEqual([])
      }
    },
  )

  verifies('audit:no-content', 'the trail of the whole run is searched', async () => {
    const { records } = stage()

    const trail = await verifiedTrail(stage(), 'searched')

    expect(trail.records.length).toBeGreaterThan(100)
    expect(identified(JSON.stringify(trail.records), records)).toEqual([])
  })

  verifies('audit:refusals', 'the trail holds the reason of everything that was refused', async () => {
    const { records } = await verifiedTrail(stage(), 'refusals')

    const reasons = new Set(ofKind(records, 'refusal').map(({ reason }) => reason))
    // Those that never reached a handshake leave no refusal: the packet filter dropped them.
    expect(reasons.size, [...reasons].join(', ')).toBeGreaterThanOrEqual(Math.min(5, refusals.length - 4))
  })
}
