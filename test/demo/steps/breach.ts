// One person looks at a hundred patients within minutes: the rule raises a signal, and nothing hides it.

import { sweep } from '../calls.ts'
import { claim } from '../claims.ts'
import { until } from '../kubectl.ts'
import { type Clinic, conditionOf, serverStatus } from '../scene.ts'
import { say } from '../screen.ts'

type Event = { reason?: string; note?: string; regarding?: { name?: string } }

/** Runs through `count` patients. Claims: answered, and then a condition, an Event and (see monitoring.ts) a metric. */
export async function breach(clinic: Clinic, count = 100): Promise<void> {
  const { kubectl } = clinic
  const ids = clinic.records.slice(-count).map(({ patient }) => patient.id)
  const began = performance.now()
  const { answered, refused } = await sweep(clinic, 'get_diagnosis', ids)
  const milliseconds = (performance.now() - began) / count
  claim(
    `${count} patients are looked at, one call each`,
    answered === count,
    `${answered} answered, ${JSON.stringify(refused)}; ${milliseconds.toFixed(0)} ms a call, kubectl and sign-in included`,
  )
  const condition = await until('the breach rule shows in status', 60, async () => {
    const seen = conditionOf(await serverStatus(clinic), 'BreachReadiness')
    return seen?.status === 'False' ? seen : undefined
  })
  claim(
    'the rule of 80 patients an hour raises a condition',
    condition.reason === 'AnomalousAccess',
    condition.message,
  )
  const event = await until('the breach rule is an Event', 60, async () => {
    const found = await kubectl.get<{ items: Event[] }>('events.events.k8s.io', '-n', 'clinic')
    return found?.items.find(
      ({ reason, regarding }) => reason === 'BreachSignal' && regarding?.name === 'ehr',
    )
  })
  claim('and an Event on the server', event.reason === 'BreachSignal', event.note)
  say('The person, the patients and the times stand in the trail, sealed.')
}
