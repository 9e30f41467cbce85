// The product goes around the server that runs, and the server does not change.

import { call } from '../calls.ts'
import { claim } from '../claims.ts'
import { until } from '../kubectl.ts'
import { type Clinic, conditionOf, guard, ready } from '../scene.ts'
import { command, table } from '../screen.ts'
import { connections } from './before.ts'

type Container = { name: string; image: string; args?: string[]; restartPolicy?: string }
type Pod = {
  metadata: { name: string; deletionTimestamp?: string }
  spec: { containers: Container[]; initContainers?: Container[] }
}

/** Enrols and guards. Claims: Ready, the app's container as it was, certificate from the named issuer, database over TLS. */
export async function guarding(clinic: Clinic): Promise<void> {
  const { kubectl } = clinic
  const first = await app(clinic)
  await guard(clinic, command)
  const status = await ready(clinic)
  table(await kubectl.run(['get', 'hipaamcpservers', '-n', 'clinic']))

  const pod = await app(clinic)
  const own = pod.container
  claim(
    'the server runs on, its image and arguments untouched',
    own.image === first.container.image && JSON.stringify(own.args) === JSON.stringify(first.container.args),
    `${own.image} ${own.args?.join(' ')}`,
  )
  claim(
    `every pod of it is guarded: ${status.status?.pods?.summary ?? ''}`,
    pod.inits.includes('hipaa-mcp-guard') && pod.inits.includes('hipaa-mcp'),
    `before the app start: ${pod.inits.join(', ')}`,
  )
  claim(
    'Ready is True',
    conditionOf(status, 'Ready')?.status === 'True',
    conditionOf(status, 'Ready')?.message,
  )
  // The database takes TLS alone now: one answered call proves the way through the sidecar.
  const outcome = await until('a first call is answered', 60, async () => {
    const seen = await call(clinic, 'get_diagnosis', { patient_id: clinic.records.at(-1)?.patient.id })
    return seen.ok ? seen : undefined
  })
  const seen = await connections(clinic)
  claim(
    'the server’s plain PostgreSQL leaves its pod as TLS: the database counts no plain connection',
    outcome.ok && seen.tls > 0 && seen.plain === 0,
    `${seen.tls} over TLS, ${seen.plain} plain`,
  )
}

async function app({ kubectl }: Clinic): Promise<{ container: Container; inits: string[] }> {
  const found = await kubectl.get<{ items: Pod[] }>('pods', '-n', 'clinic', '-l', 'app=ehr-mcp')
  // While the old pod ends, both are there.
  const pod = found?.items.find(({ metadata }) => metadata.deletionTimestamp === undefined)
  const container = pod?.spec.containers.find(({ name }) => name === 'ehr')
  if (pod === undefined || container === undefined)
    throw new Error('The EHR server has no pod: see kubectl get pods -n clinic')
  return { container, inits: (pod.spec.initContainers ?? []).map(({ name }) => name) }
}
