// A whole exported folder, offline. Nothing in it is believed but what a signature covers; the witness's key is the one
// thing that must come from elsewhere, and the report says whether it did.

import { access, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type NoteKey, parseVkey, vkey as vkeyOf } from '../../core/checkpoint.ts'
import { leafHash, Tree } from '../../core/merkle.ts'
import { parseRecord } from '../../core/record.ts'
import { registryOrigin } from '../../core/wire.ts'
import { CannotError } from '../command.ts'
import { folderOfChain, type Manifest, manifestSchema } from '../export-layout.ts'
import { ChainCheck, type ChainReport } from './chain-check.ts'
import type { Finding } from './finding.ts'
import { linesOf } from './lines.ts'
import { type Checked, checkNote } from './note-check.ts'
import { type Expected, RegistryCheck } from './registry-check.ts'

export type Report = {
  ok: boolean
  server: string
  witness: {
    vkey: string /** The verifier brought it, and did not take it from the export. */
    pinned: boolean
  }
  registry: { records: number; through: number; witnessed?: number }
  chains: Omit<ChainReport, 'findings'>[]
  findings: Finding[]
}

export type Wanted = {
  folder: string
  /** `namespace/name`; without it that of the manifest. */
  server?: string
  /** The witness's verifier key, from a source that the export cannot have touched. */
  witness?: string
  /** Told of every record. */
  read: () => void
}

/** Verifies a folder. Rejects with `CannotError` only when there is nothing to verify. */
export async function checkExport({ folder, server, witness, read }: Wanted): Promise<Report> {
  const manifest = await manifestIn(folder)
  const [namespace, name] = (server ?? manifest.server).split('/') as [string, string]
  const witnessKey = keyOf(witness ?? manifest.witness, 'cosignature')
  if (witnessKey === undefined)
    throw new CannotError('The witness’s key is none: give it with --witness, as the export printed it')
  const findings: Finding[] = []
  if (server !== undefined && server !== manifest.server)
    findings.push({ where: 'manifest.json', says: `this is an export of ${manifest.server}` })

  const log = await checkRegistry(join(folder, 'registry'), witnessKey, read)
  findings.push(...log.findings)
  const expected = log.check.of(namespace, name)
  const chains: ChainReport[] = []
  for (const chain of expected) {
    const report = await checkChain(folder, chain, witnessKey, log.checkpoint?.time, read)
    chains.push(report)
    findings.push(...report.findings)
  }
  findings.push(...(await unexpectedFolders(folder, expected)))
  return {
    ok: findings.length === 0,
    server: `${namespace}/${name}`,
    witness: { vkey: vkeyOf(witnessKey), pinned: witness !== undefined },
    registry: {
      records: log.records,
      through: log.checkpoint === undefined ? -1 : log.records - 1,
      ...(log.checkpoint === undefined ? {} : { witnessed: log.checkpoint.time }),
    },
    chains: chains.map(({ findings: _findings, ...rest }) => rest),
    findings,
  }
}

async function checkRegistry(
  folder: string,
  witness: NoteKey,
  read: () => void,
): Promise<{ check: RegistryCheck; records: number; checkpoint: Checked | undefined; findings: Finding[] }> {
  const where = 'registry'
  const check = new RegistryCheck()
  const tree = new Tree()
  const findings: Finding[] = []
  for await (const { bytes, ended } of existing(folder)) {
    try {
      if (!ended) throw new TypeError('cut off')
      check.take(parseRecord(bytes))
    } catch {
      findings.push({
        where,
        index: tree.size,
        says: 'it is no record in canonical form: it was changed or cut',
      })
    }
    tree.append(leafHash(bytes))
    read()
  }
  const key = keyOf(await textIn(folder, 'vkey'), 'ed25519')
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

async function checkChain(
  folder: string,
  expected: Expected,
  witness: NoteKey,
  registryTime: number | undefined,
  read: () => void,
): Promise<ChainReport> {
  const place = join(folder, folderOfChain(expected.origin))
  const key = keyOf(expected.vkey, 'ed25519')
  const note = await textIn(place, 'checkpoint')
  const checked =
    note === undefined || key === undefined
      ? undefined
      : checkNote(note, { origin: expected.origin, log: key, witness })
  const check = new ChainCheck(
    expected,
    checked !== undefined && 'checkpoint' in checked ? checked.checkpoint : undefined,
    registryTime,
  )
  let missing = true
  for await (const { bytes, ended } of existing(place, () => {
    missing = false
  })) {
    check.take(bytes, ended)
    read()
  }
  const report = check.finish()
  const where = expected.origin
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

async function manifestIn(folder: string): Promise<Manifest> {
  const text = await textIn(folder, 'manifest.json')
  if (text === undefined)
    throw new CannotError(
      `There is no export in ${folder}: manifest.json is missing. Make one with: hipaa-mcp trail export`,
    )
  try {
    const manifest = JSON.parse(text) as Manifest
    if (manifest.schema !== manifestSchema || !/^[^/]+\/[^/]+$/.test(manifest.server))
      throw new TypeError('schema')
    return manifest
  } catch {
    throw new CannotError('manifest.json is not that of an export of this version')
  }
}

async function* existing(
  folder: string,
  found: () => void = () => undefined,
): AsyncGenerator<{ bytes: Buffer; ended: boolean }> {
  const path = join(folder, 'records.ndjson')
  try {
    await access(path)
  } catch {
    return
  }
  found()
  yield* linesOf(path)
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
