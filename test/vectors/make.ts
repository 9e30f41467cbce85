// Makes the golden vectors: `node test/vectors/make.ts`. They are kept as they were made; a test compares, so that whoever
// changes the format by accident sees it. What is made anew on purpose goes into a folder of another name.

import { createHash, createPrivateKey, type KeyObject } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { canonical, type Json } from '../../core/canonical.ts'
import { bodyOf, cosign, type NoteKey, rawPublicKey, signCheckpoint, vkey } from '../../core/checkpoint.ts'
import { type Hash, leafHash, rootOf } from '../../core/merkle.ts'
import { consistencyProof, inclusionProof } from '../../core/merkle-proof.ts'
import { type AuditRecord, recordBytes } from '../../core/record.ts'
import { type Tile, TileBuilder } from '../../core/tiles.ts'
import { formatProof } from '../../core/tlog-proof.ts'
import { originOf, witnessName } from '../../core/wire.ts'
import { accessRecords, canonicalTexts, successor, vectorRecords } from './records.ts'

const warning =
  'TEST KEYS. Their seeds are published here so that anybody can make these signatures. Nothing signed by them means anything.'
const origin = originOf('clinic', 'ehr', '00000000-0000-4000-8000-000000000001', 0)
const time = 1_790_000_000

/** RFC 8032 seed (32 bytes) as a private key: the PKCS #8 of RFC 8410 around it. */
function keyOf(seed: Buffer): KeyObject {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
}

const sha256 = (data: Buffer | string): Buffer => createHash('sha256').update(data).digest()
const hex = (bytes: Buffer): string => bytes.toString('hex')
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

const seeds = { log: sha256('hipaa-mcp test vector: log'), witness: sha256('hipaa-mcp test vector: witness') }
const log: NoteKey = { name: origin, kind: 'ed25519', key: keyOf(seeds.log) }
const witness: NoteKey = { name: witnessName, kind: 'cosignature', key: keyOf(seeds.witness) }

const published = (key: NoteKey, seed: Buffer): object => ({
  name: key.name,
  seed: hex(seed),
  publicKey: hex(rawPublicKey(key.key)),
  vkey: vkey(key),
})

function keysJson(): string {
  return json({ warning, log: published(log, seeds.log), witness: published(witness, seeds.witness) })
}

function canonicalJson(): string {
  return json(
    canonicalTexts.map((text) => {
      const made = canonical(JSON.parse(text) as Json)
      return { json: text, canonical: made, sha256: hex(sha256(made)) }
    }),
  )
}

const records: AuditRecord[] = vectorRecords(origin)
const bytes = records.map(recordBytes)
const leaves = bytes.map(leafHash)
const head = (size: number): { origin: string; size: number; root: Hash } => ({
  origin,
  size,
  root: rootOf(leaves.slice(0, size)),
})
const noteOf = (size: number): string => signCheckpoint(head(size), log) + cosign(head(size), witness, time)

function asVector(record: AuditRecord): object {
  const made = recordBytes(record)
  return { record, canonical: String(made), leafHash: hex(leafHash(made)) }
}

function logJson(): string {
  const sizes = [...leaves.keys(), leaves.length]
  return json({
    warning,
    origin,
    records: records.map(asVector),
    roots: sizes.map((size) => hex(head(size).root)),
    inclusion: leaves.map((_, index) => ({
      index,
      size: leaves.length,
      path: inclusionProof(index, leaves).map(hex),
    })),
    consistency: sizes.map((from) => ({
      from,
      to: leaves.length,
      path: consistencyProof(from, leaves).map(hex),
    })),
    checkpoints: [4, leaves.length].map((size) => ({
      size,
      body: bodyOf(head(size)),
      time,
      note: noteOf(size),
    })),
  })
}

/** The first record of the next process of the same pod, which names the log of `log.json` whole. */
function succeedingJson(): string {
  const { size, root } = head(leaves.length)
  const record = successor(originOf('clinic', 'ehr', '00000000-0000-4000-8000-000000000001', 1), {
    origin,
    ended: { size, root: root.toString('base64') },
  })
  return json(asVector(record))
}

/** Sizes at which something begins: a level, a partial tile, the first hash of a level. */
const tiledSizes = [1, 255, 256, 257, 70_000]

/** Entry n is the text `entry n`. Of the tiles, where they stand and what they hash to. */
function tilesJson(): string {
  return json(
    tiledSizes.map((size) => {
      const builder = new TileBuilder()
      const files: Tile[] = []
      for (let n = 0; n < size; n++) files.push(...builder.append(Buffer.from(`entry ${n}`)))
      files.push(...builder.finish())
      // The many full tiles of a large log tell nothing that the first and the last do not.
      const some = files.filter(({ path }) => /\.p\/|^tile\/[1-9]/.test(path) || /\/(000|272)$/.test(path))
      return {
        entries: 'entry 0, entry 1, …',
        size,
        root: hex(builder.root()),
        files: files.length,
        sha256: Object.fromEntries(some.map(({ path, bytes: tile }) => [path, hex(sha256(tile))])),
      }
    }),
  )
}

/** Every file of the vectors but the README, by its name. */
export function vectorFiles(): { [name: string]: string } {
  const proof = (index: number): string =>
    formatProof({
      extra: bytes[index] as Buffer,
      index,
      path: inclusionProof(index, leaves),
      note: noteOf(leaves.length),
    })
  return {
    'keys.json': keysJson(),
    'canonical.json': canonicalJson(),
    'log.json': logJson(),
    'succeeding.json': succeedingJson(),
    'access.json': json(accessRecords.map(asVector)),
    'tiles.json': tilesJson(),
    'log/vkey': `${vkey(log)}\n`,
    'log/witness': `${vkey(witness)}\n`,
    'log/checkpoint': noteOf(leaves.length),
    'log/checkpoint.4': noteOf(4),
    'log/records.ndjson': bytes.map((record) => `${String(record)}\n`).join(''),
    'log/record-2.tlog-proof': proof(2),
    'log/record-6.tlog-proof': proof(6),
  }
}

if (import.meta.main)
  for (const [name, text] of Object.entries(vectorFiles())) {
    const path = join(import.meta.dirname, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
    console.log(`wrote test/vectors/${name}`)
  }
