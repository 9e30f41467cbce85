// Guarded pods that end by themselves: a Job's, and one of the Jobs that a CronJob makes. The sidecar ends with the app, and the Job
// is complete.

import { expect } from 'vitest'
import { until } from '../../demo/kubectl.ts'
import { verifies } from '../../verifies.ts'
import { ofKind, type Stage, verifiedTrail } from './stage.ts'

const namespace = 'clinic'
const annotation = { 'hipaa-mcp.dev/server': 'ehr' }
const [job, cron] = ['import-once', 'import-nightly'] as const
const named = (name: string) => ({ name, namespace, labels: { app: name } })

/** Asks the database by its name, in plain text, and ends well once that has answered: what it says first begins with R. */
const program = `
const { connect } = require('node:net')
const words = Buffer.from('user\\0ehr\\0database\\0ehr\\0\\0')
const head = Buffer.alloc(8)
head.writeInt32BE(8 + words.length, 0)
head.writeInt32BE(3 << 16, 4)
let times = 0
const ask = () => {
  const socket = connect({ host: 'ehr-db', port: 5432 }, () => socket.write(Buffer.concat([head, words])))
  socket.once('data', (bytes) => {
    console.log('the database says ' + String.fromCharCode(bytes[0]))
    process.exit(0)
  })
  socket.on('error', (error) => console.log(error.code))
  socket.on('close', () => (times++ < 60 ? setTimeout(ask, 500) : process.exit(1)))
}
ask()
process.on('SIGTERM', () => process.exit(1))`

const jobSpec = (image: string, app: string, annotations: object) => ({
  backoffLimit: 0,
  template: {
    metadata: { labels: { app }, annotations },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000 },
      containers: [{ name: 'app', image, command: ['/usr/bin/node'], args: ['-e', program] }],
    },
  },
})

type Job = {
  status?: { succeeded?: number; conditions?: { type: string; status: string; message?: string }[] }
}
type Ended = { exitCode: number; finishedAt: string }
type Container = { name: string; restartCount: number; state: { terminated?: Ended } }
type Pod = {
  metadata: { name: string; uid: string; labels: { [label: string]: string } }
  status: { phase: string; initContainerStatuses?: Container[]; containerStatuses?: Container[] }
}
type CronJob = {
  spec: { jobTemplate: { spec: { template: { metadata: { annotations?: { [name: string]: string } } } } } }
}

const is = ({ status }: Job, wanted: string): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === wanted && value === 'True') === true

export function jobs(stage: Stage): void {
  /** The only pod of an app's Jobs, once one of them is complete. Rejects when one failed. */
  const completed = async (app: string, seconds: number): Promise<Pod> => {
    const { kubectl } = stage()
    const all = async () => {
      const found = await kubectl.get<{ items: Job[] }>('jobs', '-n', namespace, '-l', `app=${app}`)
      return found?.items ?? []
    }
    const seen = await until(
      `a Job of ${app} has ended`,
      seconds,
      async () => (await all()).find((one) => is(one, 'Complete') || is(one, 'Failed')),
      async () =>
        `${JSON.stringify((await all()).map(({ status }) => status))} ${(await kubectl.attempt(['describe', 'pods', '-n', namespace, '-l', `app=${app}`])).stdout.slice(-3_000)}`,
    )
    expect(seen.status).toMatchObject({ succeeded: 1 })
    expect(is(seen, 'Complete'), JSON.stringify(seen.status)).toBe(true)
    const pods = await kubectl.get<{ items: Pod[] }>('pods', '-n', namespace, '-l', `app=${app}`)
    const [pod] = pods?.items.filter(({ status }) => status.phase === 'Succeeded') ?? []
    if (pod === undefined) throw new Error(`No pod of ${app} has succeeded`)
    return pod
  }

  /** It was guarded, its app ended well, and then its sidecar, once each. */
  const endedWithItsSidecar = async (pod: Pod): Promise<void> => {
    const { name, labels } = pod.metadata
    const { initContainerStatuses = [], containerStatuses = [] } = pod.status
    const sidecar = initContainerStatuses.find((one) => one.name === 'hipaa-mcp')
    const [app] = containerStatuses
    const [said, ended] = [app, sidecar].map((one) => one?.state.terminated)
    expect(labels['hipaa-mcp.dev/guarded']).toBe('ehr')
    expect([said?.exitCode, ended?.exitCode]).toEqual([0, 0])
    expect([app?.restartCount, sidecar?.restartCount]).toEqual([0, 0])
    const seconds = (Date.parse(ended?.finishedAt ?? '') - Date.parse(said?.finishedAt ?? '')) / 1000
    expect(seconds).toBeGreaterThanOrEqual(0)
    expect(await stage().kubectl.run(['logs', name, '-n', namespace, '-c', 'app'])).toContain(
      'the database says R',
    )
    console.log(`    ${name}: its sidecar ended ${seconds} s after the app`)
  }

  verifies(
    'injection:jobs',
    'on a node: a Job, and one of a CronJob’s, that ask the database by its name',
    async () => {
      const { kubectl, images } = stage()
      const inMinutes = {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: { ...named(cron), annotations: annotation },
        spec: {
          schedule: '* * * * *',
          concurrencyPolicy: 'Forbid',
          // Until the operator has written on its template whose pods these are.
          suspend: true,
          jobTemplate: {
            metadata: { labels: { app: cron } },
            spec: jobSpec(images.samples, cron, {}),
          },
        },
      }
      const once = {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: named(job),
        spec: jobSpec(images.samples, job, annotation),
      }
      try {
        await kubectl.apply([once, inMinutes].map((object) => JSON.stringify(object)).join('\n---\n'))
        await until('the CronJob’s template is annotated', 60, async () => {
          const seen = await kubectl.get<CronJob>('cronjob', cron, '-n', namespace)
          return seen?.spec.jobTemplate.spec.template.metadata.annotations?.['hipaa-mcp.dev/server'] === 'ehr'
            ? true
            : undefined
        })
        const suspend = (is: boolean) =>
          kubectl.run(['patch', 'cronjob', cron, '-n', namespace, '-p', `{"spec":{"suspend":${is}}}`])
        await suspend(false)
        const pods = [await completed(job, 180), await completed(cron, 240)]
        await suspend(true)

        for (const pod of pods) await endedWithItsSidecar(pod)
        const closings = await until('both chains are closed', 60, async () => {
          const { records } = await verifiedTrail(stage(), 'jobs')
          const closed = ofKind(records, 'ended').filter(({ how }) => how === 'closed')
          const each = pods.map(({ metadata }) =>
            closed.filter(({ origin }) => origin.includes(metadata.uid)),
          )
          return each.every(({ length }) => length > 0) ? each : undefined
        })
        expect(closings.map(({ length }) => length)).toEqual([1, 1])
      } finally {
        await kubectl.run(['delete', `job/${job}`, `cronjob/${cron}`, '-n', namespace, '--ignore-not-found'])
      }
    },
    600_000,
  )
}
