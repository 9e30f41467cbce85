// A trail, opened: what its registry log says is known, and each chain can be read and judged, in any order.

import { type NoteKey, vkey as vkeyOf } from '../../core/checkpoint.ts'
import type { AuditRecord } from '../../core/record.ts'
import { partsOfOrigin, registryOrigin, witnessName } from '../../core/wire.ts'
import { CannotError } from '../command.ts'
import type { Line, TrailSource } from '../trail/source.ts'
import { ChainCheck, type ChainReport } from './chain-check.ts'
import { type Earlier, EarlierCheck } from './earlier.ts'
import type { Report, Wanted } from './export-check.ts'
import { type Finding, noChainOf } from './finding.ts'
import { checkNote } from './note-check.ts'
import type { Outside } from './outside-check.ts'
import { keyOf } from './parts.ts'
import type { Expected } from './registry-check.ts'
import { type CheckedLog, checkRegistry } from './registry-log.ts'
import type { Fact, Job, Run, Slot } from './run.ts'

export type OpenExport = {
  source: TrailSource
  /** `namespace/name`. */
  server: string
  /** Chains that the registry log names, in the order in which they began. */
  chains: Expected[]
  witness: NoteKey | undefined
  pinned: Report['pinned']
  /** How far witnesses outside vouch for the registry log; with a policy only. */
  outside: Outside | undefined
  earlier: Earlier
  log: CheckedLog
  /** What the registry log says of this server, in its order; empty for who asked for findings alone. */
  registry: { index: number; record: AuditRecord }[]
  findings: Finding[]
}

/** Reads and judges the registry log. Rejects with `CannotError` only when there is nothing to verify. */
export async function openExport(
  { source, server, witness, policy, earlier = new Map(), read }: Wanted,
  wants: 'records' | 'findings',
): Promise<OpenExport> {
  const manifest = await source.said()
  const [namespace, name] = (server ?? manifest.server).split('/') as [string, string]
  const own = policy?.witnesses.find(({ key }) => key.name === witnessName)?.key
  const witnessText = witness ?? (policy === undefined ? manifest.witness || undefined : undefined)
  const witnessKey = witnessText === undefined ? own : keyOf(witnessText, 'cosignature')
  if (witnessKey === undefined && witnessText !== undefined)
    throw new CannotError('The witness’s key is none: give it with --witness, as the export printed it')
  const findings: Finding[] = []
  if (server !== undefined && server !== manifest.server)
    findings.push({ where: 'manifest.json', says: `this is an export of ${manifest.server}` })
  const registry: OpenExport['registry'] = []
  const trusted = { witness: witnessKey, policy }
  const log = await checkRegistry(source, trusted, earlier, (record, index) => {
    read(1)
    if (wants === 'records' && record !== undefined && isOf(record, namespace, name))
      registry.push({ index, record })
  })
  const chains = log.check.of(namespace, name)
  // Nobody signed the manifest, which may name another server.
  if (chains.length === 0) findings.push(noChainOf(`${namespace}/${name}`))
  const known = new Set([registryOrigin, ...chains.map(({ origin }) => origin)])
  for (const where of earlier.keys())
    if (!known.has(where))
      findings.push({ where, says: 'there is an earlier checkpoint of it, and it is not here' })
  return {
    source,
    server: `${namespace}/${name}`,
    chains,
    witness: witnessKey,
    pinned: pinnedBy(policy !== undefined, witness !== undefined, earlier),
    outside: log.outside,
    earlier,
    log,
    registry,
    findings: [...findings, ...log.findings],
  }
}

function pinnedBy(policy: boolean, witness: boolean, earlier: Earlier): Report['pinned'] {
  if (policy) return 'policy'
  if (witness) return 'witness'
  // A checkpoint that was kept from before is signed by the log's key, so that key is known.
  return earlier.has(registryOrigin) ? 'earlier' : 'nothing'
}

/** A witness that would not sign the log concerns every server, and so does access that was ended. */
function isOf(record: AuditRecord, namespace: string, name: string): boolean {
  if (record.kind === 'witness-refused' || record.kind === 'revocation-changed') return true
  // Of a namespace: nobody knows which server a pod that was refused would have been.
  if (record.kind === 'admission-refused' || record.kind === 'admission-counted')
    return record.namespace === namespace
  if (record.kind === 'key-changed' && record.namespace === undefined) return true
  const named = 'namespace' in record && 'server' in record ? record : undefined
  const of = named ?? ('origin' in record ? partsOfOrigin(record.origin) : undefined)
  return of?.namespace === namespace && of.server === name
}

/** Of all chains, each read to its end. */
export async function reportOf(opened: OpenExport, chains: readonly ChainReport[]): Promise<Report> {
  const { source, server, witness, pinned, outside, log } = opened
  const through = outside?.size ?? (log.checkpoint === undefined ? 0 : log.records)
  const witnessed = outside === undefined ? log.checkpoint?.time : outside.time
  const findings = [
    ...opened.findings,
    ...chains.flatMap((chain) => chain.findings),
    ...(await source.strays(opened.chains.map(({ origin }) => origin))),
  ]
  return {
    ok: findings.length === 0,
    server,
    witness: {
      vkey: witness === undefined ? '' : vkeyOf(witness),
      pinned: pinned === 'witness' || pinned === 'policy',
    },
    pinned,
    ...(outside === undefined ? {} : { outside }),
    registry: {
      records: log.records,
      through: through - 1,
      ...(witnessed === undefined ? {} : { witnessed }),
    },
    chains: chains.map(({ findings: _findings, ...rest }) => rest),
    findings,
  }
}

/** A chain that is read to its end: record by record, or by runs. */
export type OpenChain = {
  /** File of its lines, where there is one. */
  file: () => Promise<string | undefined>
  lines: () => AsyncGenerator<Line>
  /** The next line: what is judged of it, or its record, if it is one. */
  take: (bytes: Buffer, ended: boolean) => Fact | undefined
  read: (bytes: Buffer, ended: boolean) => AuditRecord | undefined
  /** How a run of so many records is parted, so that each root is computed that is compared. */
  parts: (first: number, records: number) => number[]
  takeRun: (slot: Slot, job: Job, run: Run) => void
  finish: () => Promise<ChainReport>
}

export async function openChain(opened: OpenExport, expected: Expected): Promise<OpenChain> {
  const { source } = opened
  const where = expected.origin
  const key = keyOf(expected.vkey, 'ed25519')
  const note = await source.text(where, 'checkpoint')
  const checked =
    note === undefined || key === undefined
      ? undefined
      : checkNote(note, { origin: where, log: key, witness: opened.witness })
  const check = new ChainCheck(
    expected,
    checked !== undefined && 'checkpoint' in checked ? checked.checkpoint : undefined,
    opened.outside === undefined ? opened.log.checkpoint?.time : opened.outside.time,
    opened.outside?.size,
    source.segments === true,
  )
  const earlier = new EarlierCheck(opened.earlier.get(where) ?? [], key)
  const sizes = [...new Set([...check.sizes, ...earlier.sizes])].toSorted((a, b) => a - b)
  const wrong: Finding[] = []
  let missing = true
  let nextSize = 0
  const grown = (): void => earlier.compare(check.tree)
  return {
    file: async () => {
      const path = await source.file(where)
      if (path !== undefined) missing = false
      return path
    },
    lines: () =>
      source.records(where, {
        found: () => {
          missing = false
        },
        wrong: (says) => void wrong.push({ where, says }),
      }),
    take: (bytes, ended) => {
      const fact = check.take(bytes, ended)
      grown()
      return fact
    },
    read: (bytes, ended) => {
      const record = check.read(bytes, ended)
      grown()
      return record
    },
    parts: (first, records) => {
      const ends: number[] = []
      for (; (sizes[nextSize] ?? Infinity) < first + records; nextSize += 1)
        if ((sizes[nextSize] as number) > first) ends.push(sizes[nextSize] as number)
      return [...ends, first + records].map((end, i) => end - (ends[i - 1] ?? first))
    },
    takeRun: (slot, job, run) => check.takeRun(slot, job, run, grown),
    finish: async () => {
      const report = check.finish()
      report.findings.push(...wrong, ...earlier.finish(check.tree.size).map((says) => ({ where, says })))
      if (missing)
        report.findings.unshift({
          where,
          says: `it is missing: record ${expected.index} of the registry log registers it`,
        })
      if (key === undefined) report.findings.push({ where, says: 'the registry log names no key for it' })
      if (checked !== undefined && 'wrong' in checked) report.findings.push({ where, says: checked.wrong })
      if (!missing && (await source.text(where, 'vkey'))?.trim() !== expected.vkey)
        report.findings.push({ where, says: 'its key is not the one that the registry log names' })
      return report
    },
  }
}
