// A server that speaks on its standard input and output, in a pod: one process behind the sidecar, on no network, its
// careless words in no log.

import { readdir, readFile } from 'node:fs/promises'
import { expect } from 'vitest'
import { ports, sidecarPorts } from '../../../core/identifiers.ts'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { type Asked, call, list, sweep } from '../../demo/calls.ts'
import { until } from '../../demo/kubectl.ts'
import { leaksIn } from '../../demo/leaks.ts'
import { rolledOut } from '../../demo/rollout.ts'
import { verifies } from '../../verifies.ts'
import {
  diagnosesSince,
  killInPod,
  onlyOne,
  openIntents,
  podsOf,
  programs,
  type Stage,
  verifiedTrail,
} from './stage.ts'
import { deploymentOf, patients, podSpec, program, serverOf } from './stdio-ehr.ts'

const url = 'https://ehr-stdio.clinic.svc:8080/mcp'
const labels = { app: 'ehr-stdio' }

/** Processes of the pod that run the server itself, not what runs it. */
async function serverProcesses(podUid: string): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const words = (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).split('\0')
    const group = await readFile(`/proc/${name}/cgroup`, 'utf8').catch(() => '')
    const inPod = group.includes(podUid) || group.includes(podUid.replaceAll('-', '_'))
    if (inPod && words[0] === '/usr/bin/node' && words[1] === program) found.push(Number(name))
  }
  return found
}

const serverProcess = async (podUid: string): Promise<number> =>
  await onlyOne(`server process in ${podUid}`, async () => await serverProcesses(podUid))

/** TCP ports that are listened to in the network of a process. */
async function listening(pid: number): Promise<number[]> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map(async (name) => await readFile(`/proc/${pid}/net/${name}`, 'utf8').catch(() => '')),
  )
  const rows = tables.flatMap((table) => table.split('\n').slice(1)).map((row) => row.trim().split(/\s+/))
  return rows
    .filter(([, , , state]) => state === '0A')
    .map(([, local = '']) => Number.parseInt(local.split(':')[1] ?? '', 16))
}

export function stdio(stage: Stage): void {
  const pod = async () =>
    (await podsOf(stage(), 'clinic', 'app=ehr-stdio'))[0] ?? { name: '', uid: '', restarts: 0 }
  const diagnosis = async (at: number, asked: Asked = {}) =>
    await call(stage(), 'get_diagnosis', { patient_id: patients[at]?.patient.id ?? '' }, { url, ...asked })
  const answered = async () =>
    await until(
      'a call of the stdio server is answered',
      180,
      async () => ((await diagnosis(0)).ok ? true : undefined),
      async () => JSON.stringify(await diagnosis(0)),
    )
  const logs = async (...more: string[]) =>
    await stage().kubectl.run(['logs', '-n', 'clinic', (await pod()).name, '--tail=-1', ...more])

  verifies('injection:stdio', 'a pod of a stdio server that leaves its command to the image', async () => {
    const { kubectl, images } = stage()
    await kubectl.apply(JSON.stringify(await serverOf(stage, 'ehr-stdio', ['get_diagnosis'])))
    const { command: _, ...container } = podSpec(images.samples).containers[0] ?? {}

    const { code, stderr } = await kubectl.attempt(
      ['create', '-f', '-'],
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: 'no-command',
          namespace: 'clinic',
          annotations: { 'hipaa-mcp.dev/server': 'ehr-stdio' },
        },
        spec: { ...podSpec(images.samples), containers: [container] },
      }),
    )

    expect(code).not.toBe(0)
    expect(stderr).toContain('spec.containers[ehr].command')
    expect(stderr).toContain('write the command')
  })

  verifies(
    'injection:stdio',
    'a deployment of a stdio server, as it stands, is served as Streamable HTTP',
    async () => {
      const { kubectl, images } = stage()
      await kubectl.apply(
        [
          deploymentOf('ehr-stdio', images.samples),
          {
            apiVersion: 'v1',
            kind: 'Service',
            metadata: { name: 'ehr-stdio', namespace: 'clinic' },
            spec: { selector: labels, ports: [{ port: 8080 }] },
          },
        ]
          .map((object) => JSON.stringify(object))
          .join('\n---\n'),
      )
      await rolledOut(kubectl, 'clinic', 'deployment/ehr-stdio', 180)
      await answered()

      for (const revision of ['2025-11-25', '2026-07-28'] as const) {
        expect(await list(stage(), { url, revision })).toEqual(['get_diagnosis'])
        const outcome = await diagnosis(1, { revision })
        expect(outcome).toMatchObject({ ok: true })
        expect(outcome.ok && outcome.result.structuredContent).toMatchObject({
          conditions: patients[1]?.conditions.map(({ code }) => ({ code })),
        })
      }
      const seen = await kubectl.get<HipaaMcpServer & { status?: { volumes?: { claim: string }[] } }>(
        'hipaamcpserver',
        'ehr-stdio',
        '-n',
        'clinic',
      )
      expect(JSON.stringify(seen?.status?.volumes ?? [])).not.toContain('hipaa-mcp-wrapper')
    },
  )

  verifies(
    'stdio:attribution',
    'callers at once, in both revisions, each get their own patient',
    async () => {
      const asked = [2, 3, 4, 5, 6, 7]

      const outcomes = await Promise.all(
        asked.map(
          async (at) => await diagnosis(at, { revision: at % 2 === 0 ? '2025-11-25' : '2026-07-28' }),
        ),
      )

      expect(outcomes.map((outcome) => outcome.ok && outcome.result.structuredContent)).toEqual(
        asked.map(
          (at) =>
            expect.objectContaining({
              conditions: patients[at]?.conditions.map(
                ({ code }) => expect.objectContaining({ code }) as unknown,
              ),
            }) as unknown,
        ),
      )
      expect(await serverProcesses((await pod()).uid)).toHaveLength(1)
    },
  )

  verifies('transit:stdio', 'nobody but the sidecar listens in the pod', async () => {
    const pid = await serverProcess((await pod()).uid)

    const open = await listening(pid)

    expect(open).toContain(ports.calls)
    expect(open.filter((port) => !sidecarPorts.includes(port))).toEqual([])
  })

  verifies(
    'stdio:silent',
    'the server wrote of patients, is killed and begun anew, and no log holds a word of it',
    async () => {
      const { uid, restarts } = await pod()
      const pid = await serverProcess(uid)
      const before = await logs('--all-containers')

      process.kill(pid, 'SIGKILL')
      await until('the container is begun anew', 120, async () =>
        (await pod()).restarts > restarts ? true : undefined,
      )
      await answered()

      const ended = await logs('-c', 'ehr', '--previous')
      const after = await logs('--all-containers')
      // It did write: so much was thrown away, the last report says.
      const thrownAway = (what: string) =>
        Number([...ended.matchAll(new RegExp(`"${what}":(\\d+)`, 'g'))].at(-1)?.[1])
      expect(thrownAway('lines')).toBeGreaterThanOrEqual(8)
      expect(thrownAway('bytes')).toBeGreaterThan(1_000)
      expect(ended).toContain('"code":137')
      for (const text of [before, ended, after]) {
        expect(text.length).toBeGreaterThan(100)
        expect(
          patients.flatMap((record) => leaksIn(text, record).filter((kind) => kind !== 'a whole date')),
        ).toEqual([])
      }
    },
  )

  verifies(
    'stdio:process',
    'the sidecar is killed, the server is begun anew with it, and nothing answered is lost',
    async () => {
      const { uid, restarts } = await pod()
      const before = await serverProcess(uid)

      await killInPod(programs.sidecar, uid)
      await until('sidecar and server are begun anew', 120, async () =>
        (await pod()).restarts >= restarts + 2 ? true : undefined,
      )
      await answered()

      expect(await serverProcess(uid)).not.toBe(before)
    },
  )

  verifies('transmission:drain', 'a stdio server is rolled under load', async () => {
    const { kubectl } = stage()
    const ids = Array.from({ length: 150 }, (_, at) => patients[at % patients.length]?.patient.id ?? '')
    const { name: old } = await pod()
    const since = Date.now()
    const load = sweep(stage(), 'get_diagnosis', ids, { url })
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    await kubectl.run(['rollout', 'restart', 'deployment/ehr-stdio', '-n', 'clinic'])
    await rolledOut(kubectl, 'clinic', 'deployment/ehr-stdio', 180)

    const { answered: served, refused } = await load
    console.log(`    ${served} answered, refused ${JSON.stringify(refused)} while the pod was replaced`)
    expect(served).toBeGreaterThan(0)
    // No session is lost with the pod, for there is none; a connection may be, where one pod follows the other.
    expect(Object.keys(refused).filter((reason) => reason !== 'no answer')).toEqual([])
    rolled = { old, since, served }
  })
}

let rolled: { old: string; since: number; served: number } | undefined

/** What the trail says of the roll, once the old pod has ended: half a minute later, in which other parts are tried. */
export function afterStdioRolled(stage: Stage): void {
  verifies('transmission:drain', 'of a stdio server that was rolled under load no call is open', async () => {
    if (rolled === undefined) throw new Error('It was not rolled')
    const { old, since, served } = rolled
    await stage().kubectl.run(['wait', '--for=delete', `pod/${old}`, '-n', 'clinic', '--timeout=120s'])

    const { records: trail } = await verifiedTrail(stage(), 'stdio-rolled', 'clinic/ehr-stdio')
    expect(diagnosesSince(trail, since).answered.length).toBeGreaterThanOrEqual(served)
    expect(openIntents(trail)).toEqual([])
    const inTrail = JSON.stringify(trail)
    expect(
      patients.flatMap((record) => leaksIn(inTrail, record)).filter((kind) => kind !== 'a whole date'),
    ).toEqual([])
  })
}
