// What counts, at the end of a fault: what reached the MCP server and the callers, held against the trail as it lies in
// the collector's store, exported and verified. Of the product only the exporter and the verifier are used; hashes and
// tokens are computed here, from docs/trail-format.md, by the keys of the scene.

import { createHmac } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportLines, openWay, secure } from '../../cli/collector-connection.ts'
import { CannotError } from '../../cli/command.ts'
import { writeExport } from '../../cli/export-write.ts'
import { identity } from '../../core/identifiers.ts'
import { certify } from '../collector/peers.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { type Callers, patientOf } from './calls.ts'
import type { Collector, Scene, World } from './scene.ts'

export type Counts = {
  /** Calls that reached the MCP server, and those of them whose intent the trail does not hold. */
  forwarded: number
  withoutIntent: number
  /** Bytes of results at the callers, and those that no record covers. */
  bytes: number
  bytesWithoutRecord: number
  /** Records of which somebody outside saw that they were acknowledged, and those that are gone. */
  acknowledged: number
  lost: number
  /** What the verifier found. */
  findings: string[]
}

/** Nothing happened yet. */
export const noneCounted: Omit<Counts, 'findings'> = {
  forwarded: 0,
  withoutIntent: 0,
  bytes: 0,
  bytesWithoutRecord: 0,
  acknowledged: 0,
  lost: 0,
}

type Record = {
  kind: string
  at: string
  call?: string
  patients?: { token: string }[]
  result?: string
  bytes?: number
  /** Of `counted`. */
  reason?: string
  count?: number
}

/** What a collector's store holds, and what the verifier found. */
export type Kept = {
  records: readonly Record[]
  findings: string[]
  /** The collector's key. */
  witness: string
}

/**
 * The collector must be ready. A fault of before may still end it while it is read, or strike the record of who reads, which the collector
 * then refuses: then it is read once more.
 */
export async function keptBy(world: World, collector: Collector, tries = 3): Promise<Kept> {
  try {
    return await exported(world, collector)
  } catch (error) {
    const isStruck = error instanceof CannotError || (error as NodeJS.ErrnoException).code === 'ECONNRESET'
    if (!isStruck || tries === 1) throw error
  }
  await collector.ready()
  return await keptBy(world, collector, tries - 1)
}

async function exported(world: World, collector: Collector): Promise<Kept> {
  const folder = join(world.folder('export'), 'trail')
  const person = await certify(world.operator.authority, identity.auditor('faults'), { names: [] })
  const way = await openWay(undefined as never, `https://localhost:${collector.port}`)
  const socket = await secure(way, { ca: world.operator.authority.pem, ...person })
  const { witness } = await writeExport(exportLines(socket, { namespace: 'bench', server: 'ehr' }), {
    folder,
    server: 'bench/ehr',
    now: new Date().toISOString(),
    read: () => undefined,
  }).finally(() => way.destroy())
  return { records: recordsBelow(folder), witness, findings: await verified(folder, witness) }
}

/** What `hipaa-mcp verify` finds wrong with a source. */
export async function verified(source: string, witness: string): Promise<string[]> {
  const { out, notes } = await hipaaMcp(['verify', source, '--witness', witness, '--json'])
  const report = JSON.parse(out === '' ? '{}' : out) as { ok?: boolean; findings?: unknown[] }
  if (report.ok === true) return []
  const findings = (report.findings ?? []).map((one) => JSON.stringify(one))
  return findings.length > 0 ? findings : [notes || `the verifier says nothing of ${source}`]
}

/** Counts what a scene's callers and its server saw. Its sidecar must be closed, and its collector ready. */
export async function counted(world: World, { collector, callers }: Scene): Promise<Counts> {
  const { records, findings } = await keptBy(world, collector)
  return { ...compared(world, callers, records), findings }
}

/** Every record of every chain in an export. */
function recordsBelow(folder: string): Record[] {
  const chains = join(folder, 'chains')
  return readdirSync(chains).flatMap((chain) =>
    readFileSync(join(chains, chain, 'records.ndjson'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record),
  )
}

export function compared(
  { server, keys }: Pick<World, 'server' | 'keys'>,
  callers: Pick<Callers, 'answers' | 'refusals' | 'sentCalls'>,
  records: readonly Record[],
): Omit<Counts, 'findings'> {
  const intents = new Map<string, string>()
  const results = new Map<string, Record>()
  const told = new Set<string>()
  /** Refusals of callers who proved nothing, past so many a minute: these are counted, by reason. */
  const uncalled = new Map<string, number>()
  for (const record of records) {
    const { kind, call, patients, reason = '', count = 0 } = record
    if (kind === 'counted') uncalled.set(reason, (uncalled.get(reason) ?? 0) + count)
    if (call === undefined) continue
    if (kind === 'intent') for (const { token } of patients ?? []) intents.set(token, call)
    if (kind === 'result') results.set(call, record)
    if (kind === 'result' || kind === 'refusal') told.add(call)
  }
  const tokenOf = (call: number): string =>
    createHmac('sha256', keys.patients)
      .update(`bench/ehr\n${patientOf(call)}`)
      .digest('base64url')
  const hashOf = (body: string): string =>
    `hmac-sha256:${createHmac('sha256', keys.hashes).update(body).digest('hex')}`
  const counts = { ...noneCounted }
  for (const call of callers.sentCalls) {
    if (!server.seen.has(call)) continue
    counts.forwarded += 1
    if (!intents.has(tokenOf(call))) counts.withoutIntent += 1
  }
  for (const { call, bytes, body } of callers.answers) {
    counts.bytes += bytes
    const id = intents.get(tokenOf(call))
    const record = id === undefined ? undefined : results.get(id)
    const covers = body === undefined ? (record?.bytes ?? 0) >= bytes : record?.result === hashOf(body)
    if (covers) continue
    counts.bytesWithoutRecord += bytes
    counts.lost += 1
  }
  const untold = Map.groupBy(
    callers.refusals.filter(({ id }) => !told.has(id)),
    ({ reason }) => reason,
  )
  counts.lost += counts.withoutIntent
  for (const [reason, those] of untold) counts.lost += Math.max(0, those.length - (uncalled.get(reason) ?? 0))
  counts.acknowledged = counts.forwarded + callers.answers.length + callers.refusals.length
  return counts
}
