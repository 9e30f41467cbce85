// An exported folder, opened: what its registry log says is known, and each chain can be read and judged, in any order.

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type NoteKey, vkey as vkeyOf } from '../../core/checkpoint.ts'
import type { AuditRecord } from '../../core/record.ts'
import { partsOfOrigin, registryOrigin, witnessName } from '../../core/wire.ts'
import { CannotError } from '../command.ts'
import { folderOfChain, recordFiles } from '../export-layout.ts'
import { manifestIn } from '../export-manifest.ts'
import { ChainCheck, type ChainReport } from './chain-check.ts'
import { type Line, recordsIn } from './chain-records.ts'
import { type Earlier, EarlierCheck } from './earlier.ts'
import type { Report, Wanted } from './export-check.ts'
import type { Finding } from './finding.ts'
import { checkNote } from './note-check.ts'
import type { Outside } from './outside-check.ts'
import { keyOf, textIn } from './parts.ts'
import type { Expected } from './registry-check.ts'
import { type CheckedLog, checkRegistry } from './registry-log.ts'

export type OpenExport = {
  folder: string
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
  /** What the registry log says of this server, in its order. */
  registry: { index: number; record: AuditRecord }[]
  findings: Finding[]
}

/** Reads and judges the registry log. Rejects with `CannotError` only when there is nothing to verify. */
export async function openExport({
  folder,
  server,
  witness,
  policy,
  earlier = new Map(),
  read,
}: Wanted): Promise<OpenExport> {
  const manifest = await manifestIn(folder)
  const [namespace, name] = (server ?? manifest.server).split('/') as [string, string]
  const own = policy?.witnesses.find(({ key }) => key.name === witnessName)?.key
  const witnessText = witness ?? (policy === undefined ? manifest.witness : undefined)
  const witnessKey = witnessText === undefined ? own : keyOf(witnessText, 'cosignature')
  if (witnessKey === undefined && witnessText !== undefined)
    throw new CannotError('The witness’s key is none: give it with --witness, as the export printed it')
  const findings: Finding[] = []
  if (server !== undefined && server !== manifest.server)
    findings.push({ where: 'manifest.json', says: `this is an export of ${manifest.server}` })
  const registry: OpenExport['registry'] = []
  const trusted = { witness: witnessKey, policy }
  const log = await checkRegistry(join(folder, 'registry'), trusted, earlier, (record, index) => {
    read()
    if (record !== undefined && isOf(record, namespace, name)) registry.push({ index, record })
  })
  const chains = log.check.of(namespace, name)
  const known = new Set([registryOrigin, ...chains.map(({ origin }) => origin)])
  for (const where of earlier.keys())
    if (!known.has(where))
      findings.push({ where, says: 'there is an earlier checkpoint of it, and it is not here' })
  return {
    folder,
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

/** A witness that would not sign the log concerns every server. */
function isOf(record: AuditRecord, namespace: string, name: string): boolean {
  if (record.kind === 'witness-refused') return true
  const named = 'namespace' in record && 'server' in record ? record : undefined
  const of = named ?? ('origin' in record ? partsOfOrigin(record.origin) : undefined)
  return of?.namespace === namespace && of.server === name
}

/** Of all chains, each read to its end. */
export async function reportOf(opened: OpenExport, chains: readonly ChainReport[]): Promise<Report> {
  const { folder, server, witness, pinned, outside, log } = opened
  const through = outside?.size ?? (log.checkpoint === undefined ? 0 : log.records)
  const witnessed = outside === undefined ? log.checkpoint?.time : outside.time
  const findings = [
    ...opened.findings,
    ...chains.flatMap((chain) => chain.findings),
    ...(await unexpectedFolders(folder, opened.chains)),
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

export type OpenChain = {
  check: ChainCheck
  /** File of its records. */
  path: string
  /** To be read to the end, each line handed to `check`. */
  lines: () => AsyncGenerator<Line>
  finish: () => Promise<ChainReport>
}

export async function openChain(opened: OpenExport, expected: Expected): Promise<OpenChain> {
  const place = join(opened.folder, folderOfChain(expected.origin))
  const key = keyOf(expected.vkey, 'ed25519')
  const note = await textIn(place, 'checkpoint')
  const checked =
    note === undefined || key === undefined
      ? undefined
      : checkNote(note, { origin: expected.origin, log: key, witness: opened.witness })
  const check = new ChainCheck(
    expected,
    checked !== undefined && 'checkpoint' in checked ? checked.checkpoint : undefined,
    opened.outside === undefined ? opened.log.checkpoint?.time : opened.outside.time,
    opened.outside?.size,
  )
  const where = expected.origin
  const earlier = new EarlierCheck(opened.earlier.get(where) ?? [], key)
  const wrong: Finding[] = []
  let missing = true
  return {
    check,
    path: join(place, recordFiles.all),
    lines: async function* () {
      const heard = {
        found: () => {
          missing = false
        },
        wrong: (says: string) => void wrong.push({ where, says }),
      }
      for await (const line of recordsIn(place, heard)) {
        earlier.take(line.bytes)
        yield line
      }
    },
    finish: async () => {
      const report = check.finish()
      report.findings.push(...wrong, ...earlier.finish().map((says) => ({ where, says })))
      if (missing)
        report.findings.unshift({
          where,
          says: `it is missing: record ${expected.index} of the registry log registers it`,
        })
      if (key === undefined) report.findings.push({ where, says: 'the registry log names no key for it' })
      if (checked !== undefined && 'wrong' in checked) report.findings.push({ where, says: checked.wrong })
      if (!missing && (await textIn(place, 'vkey'))?.trim() !== expected.vkey)
        report.findings.push({ where, says: 'its key is not the one that the registry log names' })
      return report
    },
  }
}

/** Chains that nobody registered: put there by somebody, or their registration was taken away. */
async function unexpectedFolders(folder: string, expected: readonly Expected[]): Promise<Finding[]> {
  const wanted = new Set(expected.map(({ origin }) => folderOfChain(origin)))
  const names = await readdir(join(folder, 'chains')).catch(() => [])
  return names
    .map((name) => `chains/${name}`)
    .filter((name) => !wanted.has(name))
    .map((where) => ({ where, says: 'the registry log does not register it for this server' }))
}
