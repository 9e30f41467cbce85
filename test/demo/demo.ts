// make demo: the whole product on a cluster, on one screen. Exits 1 when anything that it claims was not seen.
//
//   node test/demo/demo.ts up|down [--bundle FILE.json] [--patients N]
//
// CLUSTER=current PUSH=registry/name STORAGE_CLASS=name plays on the cluster of the current kubeconfig.

import { parseArgs } from 'node:util'
import { progress as timed } from '../../config/image/progress.ts'
import { source } from '../sample/bundle.ts'
import { dataFolder } from '../support/data-folder.ts'
import { allClaims, claim, part } from './claims.ts'
import {
  buildClinic,
  buildMonitoring,
  type Clinic,
  checkNamespaces,
  clear,
  install,
  uninstall,
} from './scene.ts'
import { command, elapsed, progress, say, section } from './screen.ts'
import { answers } from './steps/answers.ts'
import { before } from './steps/before.ts'
import { breach } from './steps/breach.ts'
import { egress } from './steps/egress.ts'
import { guarding } from './steps/guard.ts'
import { lockdown } from './steps/lockdown.ts'
import { dashboards } from './steps/monitoring.ts'
import { record } from './steps/record.ts'
import { refusing } from './steps/refusals.ts'
import { status } from './steps/status.ts'
import { type Taken, trail } from './steps/trail.ts'
import { witness } from './steps/witness.ts'
import { endWorld, isCurrent, kubectlOfWorld, type World, world } from './world.ts'

const log = (line: string): void => progress(line)

async function up(options: { bundle?: string; patients: number }): Promise<number> {
  // Read before minutes are spent on a cluster.
  const { records, says } = await source({
    seed: 1,
    count: options.patients,
    ...(dataFolder ? { data: dataFolder } : {}),
    ...(options.bundle === undefined ? {} : { bundle: options.bundle }),
  })
  // A bundle's patients come first, generated ones after them.
  const shown = records.at(options.bundle === undefined ? -1 : 0)
  if (shown === undefined) throw new Error('There is no patient to show: give --patients 100 or more')

  section('A cluster, and the product on it')
  const place = await world(process.env, log)
  say(`On ${place.says}.`)
  await remember(place)
  await checkNamespaces(place)
  await clear(place)
  await install(place, command)
  claim('operator and collector are available', true)

  section('The clinic as it is today')
  progress(`database, EHR server, identity provider, vendor, agents: ${says}`)
  const clinic = await buildClinic(place, records)
  await buildMonitoring(place)
  say(`Records: ${says}.`)
  const bare = await before(clinic, shown)

  section('Guarded: three commands')
  const guarded = performance.now()
  await guarding(clinic)

  section('The same question, through the product')
  await part('The comparison', async () => await answers(clinic, bare))
  section('What is refused')
  await part('The table of refusals', async () => await refusing(clinic))
  section('What the server itself may reach')
  await part('The egress', async () => await egress(clinic))
  section('A hundred patients')
  await part('The run over many patients', async () => await breach(clinic))
  section('Lockdown')
  await part('The lockdown', async () => await lockdown(clinic))
  section('The trail')
  let taken: Taken | undefined
  await part('The trail', async () => void (taken = await trail(clinic)))
  section('One record: found, proved, and not to be written anew')
  await part('The proof of a record', async () => {
    if (taken === undefined) throw new Error('There is no trail to find it in')
    await witness(clinic, taken, await record(clinic, taken))
  })
  section('Status')
  await part('Status', async () => await status(clinic))
  section('Dashboard')
  await part(
    'The dashboard',
    async () => void (await dashboards(clinic, (performance.now() - guarded) / 1_000)),
  )
  return end(clinic, shown.patient.id)
}

function end({ kubectl }: Clinic, patient: string): number {
  const missing = allClaims().filter(({ holds }) => !holds)
  section(`${allClaims().length - missing.length} of ${allClaims().length} claims seen, in ${elapsed()}`)
  for (const { text, seen } of missing) claimAgain(text, seen)
  say('The cluster stays up. To go on:')
  if (kubectl.kubeconfig !== undefined) command(`export KUBECONFIG=${kubectl.kubeconfig}`)
  command('kubectl describe hipaamcpserver ehr -n clinic')
  command(
    `kubectl exec -n agents deploy/agent -- node test/sample/agent.ts call get_diagnosis '{"patient_id":"${patient}"}'`,
  )
  command('npm run -s hipaa-mcp -- trail export --server clinic/ehr --output trail')
  command(isCurrent(process.env) ? 'make demo-down CLUSTER=current' : 'make demo-down')
  return missing.length === 0 ? 0 : 1
}

const claimAgain = (text: string, seen: string): void => {
  say(`NOT SEEN: ${text}`)
  if (seen !== '') say(`  ${seen.slice(0, 600)}`)
}

/** On the cluster itself, so that `down` undoes what this run did and nothing else. */
async function remember({ kubectl, started }: World): Promise<void> {
  if (!started) return
  await kubectl.apply(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'hipaa-mcp-demo', namespace: 'kube-system' },
      data: { startedCluster: 'true' },
    }),
  )
}

/** Removes what `up` put there: the product only if the demo installed it, the node only if the demo started it. */
async function downAll(): Promise<number> {
  const current = isCurrent(process.env)
  const client = await kubectlOfWorld(process.env, log)
  if (client === undefined) {
    // A node that does not run may have left traces all the same.
    await endWorld()
    say('The node does not run; nothing is left of it.')
    return 0
  }
  const marker = await client.get<{ data?: { startedCluster?: string } }>(
    'configmap',
    'hipaa-mcp-demo',
    '-n',
    'kube-system',
  )
  if (!current && marker?.data?.startedCluster === 'true') {
    await endWorld()
    say('The node is gone, and everything on it.')
    return 0
  }
  await timed('removing the clinic', log, async () => await clear({ kubectl: client }))
  await timed('removing the product', log, async () => await uninstall({ kubectl: client }))
  say('What the demo put there is gone.')
  return 0
}

const { values, positionals } = parseArgs({
  options: { bundle: { type: 'string' }, patients: { type: 'string', default: '110' } },
  allowPositionals: true,
})
const commands: Record<string, () => Promise<number>> = {
  up: async () =>
    await up({
      patients,
      ...(values.bundle === undefined ? {} : { bundle: values.bundle }),
    }),
  down: downAll,
}
const run = commands[positionals[0] ?? 'up']
const patients = Number(values.patients)
if (run === undefined || !Number.isInteger(patients) || patients < 100) {
  console.error('usage: node test/demo/demo.ts up|down [--bundle FILE.json] [--patients N]   N: 100 or more')
  process.exit(2)
}
try {
  process.exitCode = await run()
} catch (error) {
  say(`The demo broke off: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
}
