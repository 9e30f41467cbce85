// What every part of the end-to-end suite stands on: the guarded clinic, built once, and ways to hurt it.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { AuditRecord } from '../../../core/record.ts'
import { allClaims } from '../../demo/claims.ts'
import { askDatabase } from '../../demo/database.ts'
import { until } from '../../demo/kubectl.ts'
import { type Clinic, out } from '../../demo/scene.ts'
import { exportTrail, spawnedHipaaMcp, witnessIn } from '../../demo/steps/trail.ts'

/** The clinic, once it is built. Parts take a function because they are declared before it is. */
export type Stage = () => Clinic

/** Runs a step of the demo and expects every claim that it makes. */
export async function claimsHold(step: () => Promise<unknown>): Promise<void> {
  const before = allClaims().length

  await step()

  const made = allClaims().slice(before)
  expect(made.length).toBeGreaterThan(0)
  expect(made.filter(({ holds }) => !holds).map(({ text, seen }) => `${text} (${seen})`)).toEqual([])
}

/** Processes of this machine whose command line and environment hold these texts; the node's pods run here too. */
async function processes(command: string, environment = ''): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')
    if (!line.split('\0').some((argument) => argument.endsWith(command))) continue
    const env = await readFile(`/proc/${name}/environ`, 'utf8').catch(() => '')
    if (environment === '' || env.split('\0').includes(environment)) found.push(Number(name))
  }
  return found
}

/** UIDs of the pods that a selector names: only their processes may be killed. */
export async function podsOf(
  { kubectl }: Clinic,
  namespace: string,
  selector: string,
): Promise<{ name: string; uid: string; restarts: number }[]> {
  const found = await kubectl.get<{
    items: {
      metadata: { name: string; uid: string; deletionTimestamp?: string }
      status: Record<
        'initContainerStatuses' | 'containerStatuses',
        { name: string; restartCount: number }[] | undefined
      >
    }[]
  }>('pods', '-n', namespace, '-l', selector)
  return (found?.items ?? [])
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata, status }) => ({
      name: metadata.name,
      uid: metadata.uid,
      restarts: [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].reduce(
        (sum, { restartCount }) => sum + restartCount,
        0,
      ),
    }))
}

/** The process that runs `program` in the pod with this UID, once there is exactly one: one that forks looks like two. */
export async function processInPod(program: string, podUid: string, seconds?: number): Promise<number> {
  const find = async (): Promise<number[]> => {
    const inPod: number[] = []
    for (const pid of await processes(program)) {
      const group = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')
      if (group.includes(podUid) || group.includes(podUid.replaceAll('-', '_'))) inPod.push(pid)
    }
    return inPod
  }
  return await onlyOne(`process of ${program} in ${podUid}`, find, seconds)
}

/** The only process there is, waited for. */
export async function onlyOne(what: string, find: () => Promise<number[]>, seconds = 30): Promise<number> {
  return await until(
    `there is one ${what}`,
    seconds,
    async () => {
      const [pid, ...others] = await find()
      return others.length === 0 ? pid : undefined
    },
    async () => `There are: ${(await find()).join(', ')}`,
  )
}

/** Kills it by SIGKILL, once there is one, for which the kubelet may wait (`seconds`). */
export async function killInPod(program: string, podUid: string, seconds?: number): Promise<void> {
  process.kill(await processInPod(program, podUid, seconds), 'SIGKILL')
}

export const programs = {
  sidecar: 'sidecar/main.ts',
  operator: 'operator/main.ts',
  collector: 'collector/main.ts',
} as const

/** The whole trail, exported and verified offline, as records in the order of their chains. */
export async function verifiedTrail(
  clinic: Clinic,
  name: string,
  server?: string,
): Promise<{ records: AuditRecord[]; says: string }> {
  const folder = join(out, `trail-${name}`)
  const exported = await exportTrail(clinic, folder, server)
  expect(exported.text, exported.text).toContain('records of')
  const verified = await spawnedHipaaMcp(['verify', folder, '--witness', witnessIn(exported)])
  expect(verified.code, verified.text).toBe(0)
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('records.ndjson'))
  const texts = await Promise.all(files.map(async (file) => await readFile(join(folder, file), 'utf8')))
  const records = texts.flatMap((text) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as AuditRecord),
  )
  return { records, says: verified.text }
}

export const ofKind = <Kind extends AuditRecord['kind']>(records: readonly AuditRecord[], kind: Kind) =>
  records.filter((record): record is Extract<AuditRecord, { kind: Kind }> => record.kind === kind)

/** Intents of a diagnosis since a moment (milliseconds since 1970), and those of them whose result is an answer. */
export function diagnosesSince(records: readonly AuditRecord[], since: number) {
  const answers = new Set(
    ofKind(records, 'result')
      .filter(({ outcome }) => outcome === 'ok')
      .map(({ call }) => call),
  )
  const intents = ofKind(records, 'intent').filter(
    ({ at, tool }) => Date.parse(at) >= since && tool === 'get_diagnosis',
  )
  return { intents, answered: intents.filter(({ call }) => answers.has(call)) }
}

/** Intents that neither a result nor the registry log closes: there must never be one. */
export function openIntents(records: readonly AuditRecord[]) {
  const closed = new Set([
    ...ofKind(records, 'result').map(({ call }) => call),
    ...ofKind(records, 'ended').flatMap(({ unknown }) => unknown),
  ])
  return ofKind(records, 'intent').filter(({ call }) => !closed.has(call))
}

/** How often the EHR server read a record out of its database: the calls that really reached it. */
export async function upstreamReads(clinic: Clinic): Promise<number> {
  // PostgreSQL reports its counters about once a second.
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  const [row] = await askDatabase(
    clinic,
    "SELECT idx_scan FROM pg_stat_user_tables WHERE relname = 'records'",
  )
  return Number(row?.[0])
}
