// An exported folder, opened: what its registry log says is known, and each chain can be read and judged, in any order.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type NoteKey, parseVkey, vkey as vkeyOf } from '../../core/checkpoint.ts'
import { leafHash, Tree } from '../../core/merkle.ts'
import { type AuditRecord, parseRecord } from '../../core/record.ts'
import { partsOfOrigin, registryOrigin } from '../../core/wire.ts'
import { CannotError } from '../command.ts'
import { folderOfChain, recordFiles } from '../export-layout.ts'
import { manifestIn } from '../export-manifest.ts'
import { ChainCheck, type ChainReport } from './chain-check.ts'
import { type Line, recordsIn } from './chain-records.ts'
import { type Earlier, EarlierCheck } from './earlier.ts'
import type { Report, Wanted } from './export-check.ts'
import type { Finding } from './finding.ts'
import { type Checked, checkNote } from './note-check.ts'
import { type Expected, RegistryCheck } from './registry-check.ts'

type Log = Awaited<ReturnType<typeof checkRegistry>>

export type OpenExport = {
  folder: string
  /** `namespace/name`. */
  server: string
  /** Chains that the registry log names, in the order in which they began. */
  chains: Expected[]
  witness: NoteKey
  pinned: boolean
  earlier: Earlier
  log: Log
  /** What the registry log says of this server, in its order. */
  registry: { index: number; record: AuditRecord }[]
  findings: Finding[]
}

/** Reads and judges the registry log. Rejects with `CannotError` only when there is nothing to verify. */
export async function openExport({
  folder,
  server,
  witness,
  earlier = new Map(),
  read,
}: Wanted): Promise<OpenExport> {
  const manifest = await manifestIn(folder)
  const [namespace, name] = (server ?? manifest.server).split('/') as [string, string]
  const witnessKey = keyOf(witness ?? manifest.witness, 'cosignature')
  if (witnessKey === undefined)
    throw new CannotError('The witness’s key is none: give it with --witness, as the export printed it')
  const findings: Finding[] = []
  if (server !== undefined && server !== manifest.server)
    findings.push({ where: 'manifest.json', says: `this is an export of ${manifest.server}` })
  const registry: OpenExport['registry'] = []
  const log = await checkRegistry(join(folder, 'registry'), witnessKey, earlier, (record, index) => {
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
    pinned: witness !== undefined,
    earlier,
    log,
    registry,
    findings: [...findings, ...log.findings],
  }
}

function isOf(record: AuditRecord, namespace: string, name: string): boolean {
  const of = record.kind === 'signal' ? record : 'origin' in record ? partsOfOrigin(record.origin) : undefined
  return of?.namespace === namespace && of.server === name
}

/** Of all chains, each read to its end. */
export async function reportOf(opened: OpenExport, chains: readonly ChainReport[]): Promise<Report> {
  const { folder, server, witness, pinned, log } = opened
  const findings = [
    ...opened.findings,
    ...chains.flatMap((chain) => chain.findings),
    ...(await unexpectedFolders(folder, opened.chains)),
  ]
  return {
    ok: findings.length === 0,
    server,
    witness: { vkey: vkeyOf(witness), pinned },
    registry: {
      records: log.records,
      through: log.checkpoint === undefined ? -1 : log.records - 1,
      ...(log.checkpoint === undefined ? {} : { witnessed: log.checkpoint.time }),
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
    opened.log.checkpoint?.time,
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

async function checkRegistry(
  folder: string,
  witness: NoteKey,
  kept: Earlier,
  read: (record: AuditRecord | undefined, index: number) => void,
): Promise<{ check: RegistryCheck; records: number; checkpoint: Checked | undefined; findings: Finding[] }> {
  const where = 'registry'
  const check = new RegistryCheck()
  const tree = new Tree()
  const findings: Finding[] = []
  const key = keyOf(await textIn(folder, 'vkey'), 'ed25519')
  const earlier = new EarlierCheck(kept.get(registryOrigin) ?? [], key)
  const wrongTiles = (says: string): void => void findings.push({ where, says })
  for await (const { bytes, ended } of recordsIn(folder, { wrong: wrongTiles })) {
    earlier.take(bytes)
    let record: AuditRecord | undefined
    try {
      if (!ended) throw new TypeError('cut off')
      record = parseRecord(bytes)
      check.take(record)
    } catch {
      findings.push({
        where,
        index: tree.size,
        says: 'it is no record in canonical form: it was changed or cut',
      })
    }
    read(record, tree.append(leafHash(bytes)))
  }
  findings.push(...earlier.finish().map((says) => ({ where, says })))
  const note = await textIn(folder, 'checkpoint')
  if (key === undefined || key.name !== registryOrigin)
    return {
      check,
      records: tree.size,
      checkpoint: undefined,
      findings: [...findings, ...check.findings, { where, says: 'its key is missing or none' }],
    }
  const checked: ReturnType<typeof checkNote> =
    note === undefined
      ? { wrong: 'its checkpoint is missing' }
      : checkNote(note, { origin: registryOrigin, log: key, witness })
  if ('wrong' in checked)
    return {
      check,
      records: tree.size,
      checkpoint: undefined,
      findings: [...findings, ...check.findings, { where, says: checked.wrong }],
    }
  const { size, root } = checked.checkpoint
  const wrong =
    size !== tree.size
      ? `it has ${tree.size} records, its checkpoint covers ${size}`
      : tree.root().equals(root)
        ? undefined
        : 'one or more of its records are not what its checkpoint says'
  if (wrong !== undefined) findings.push({ where, says: wrong })
  return {
    check,
    records: tree.size,
    checkpoint: wrong === undefined ? checked.checkpoint : undefined,
    findings: [...findings, ...check.findings],
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

async function textIn(folder: string, name: string): Promise<string | undefined> {
  return await readFile(join(folder, name), 'utf8').catch(() => undefined)
}

function keyOf(text: string | undefined, kind: NoteKey['kind']): NoteKey | undefined {
  try {
    const key = parseVkey((text ?? '').trim())
    return key.kind === kind ? key : undefined
  } catch {
    return undefined
  }
}
