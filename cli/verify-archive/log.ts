// The registry log as it lies in the archive: stretches of records and checkpoints, among which anybody who may write into
// the bucket can have put others. Only a checkpoint that the verifier's own keys verify counts, and only records of which
// such a checkpoint says that they are the log; whatever else lies there is passed over.

import { createHash } from 'node:crypto'
import { registryNameOf, registryPrefix } from '../../core/archive/keys.ts'
import { type NoteKey, parseNote, verifyNote } from '../../core/checkpoint.ts'
import { type Hash, leafHash, Tree } from '../../core/merkle.ts'
import { recordLimit } from '../../core/record.ts'
import { ByteReader, Ended } from '../../core/sealed/byte-reader.ts'
import { registryOrigin } from '../../core/wire.ts'
import type { WitnessPolicy } from '../../core/witness-policy.ts'
import { CannotError } from '../command.ts'
import { type Outside, OutsideCheck } from '../verify/outside-check.ts'
import type { ArchiveBody, ArchiveReader, Found } from './reader.ts'

/** Whose signatures a checkpoint must bear. At least one key is there. */
export type Trusted = {
  /** Its witnesses outside the cluster: the newest head that they signed is judged. */
  policy?: WitnessPolicy
  /** Keys that the log may be signed with: those of the policy's logs. */
  logs: readonly NoteKey[]
  /** The collector's as witness. */
  witness?: NoteKey
}

/** A checkpoint's text is shorter. */
const noteLimit = 65_536

type Stretch = { from: number; to: number; sha256: string; found: Found }
type Take = (record: Buffer, /** With it. */ tree: Tree) => void
type Note = { size: number; sha256: string; found: Found }
type Signed = {
  note: Note
  size: number
  root: Hash
  /** Seconds since 1970. */
  time?: number
  /** Of the policy, that which signed it. */
  log?: NoteKey
}

export type ArchivedLog = {
  /** Records that a signature covers and that are here, without a gap from the first on. */
  records: number
  /** When the newest checkpoint that covers them was cosigned, seconds since 1970. */
  time?: number
  /** How far witnesses outside vouch for it; with a policy only. */
  outside?: Outside
  /** The newest signed checkpoint, where all of its records are here and no other says something else. */
  note?: string
  /** Of the policy's logs, the key that signed it. */
  key?: NoteKey
  /** The head that witnesses outside vouch for. */
  witnessed?: string
  findings: string[]
}

/** Hands every record of the log to `take`, in order, once it is known that a signature covers it. */
export async function readLog(
  reader: ArchiveReader,
  prefix: string,
  trusted: Trusted,
  take: (record: Buffer) => void,
): Promise<ArchivedLog> {
  const stretches: Stretch[] = []
  const notes: Note[] = []
  const witnessed: Note[] = []
  for await (const found of reader.below(registryPrefix(prefix))) {
    const name = registryNameOf(found.key.slice(registryPrefix(prefix).length))
    if (name?.kind === 'records') stretches.push({ ...name, found })
    if (name?.kind === 'checkpoint') notes.push({ ...name, found })
    if (name?.kind === 'witnessed') witnessed.push({ ...name, found })
  }
  const signed = new Map<number, Signed>()
  const findings: string[] = []
  for (const note of notes) {
    const read = await signedIn(reader, note, trusted)
    const known = read === undefined ? undefined : signed.get(read.size)
    if (read !== undefined && known !== undefined && !known.root.equals(read.root))
      findings.push(`two checkpoints of ${read.size} records are signed that are not the same: it was forked`)
    if (read !== undefined) signed.set(read.size, read)
  }
  const newest = [...signed.values()].toSorted((a, b) => b.size - a.size)[0]
  if (newest === undefined)
    return { records: 0, findings: ['no checkpoint of it is here that the given keys verify'] }

  const judged = await outsideOf(reader, witnessed, trusted, newest.log)
  const judge = (record: Buffer, grown: Tree): void => {
    take(record)
    for (const { check } of judged) check.compare(grown)
  }
  let tree = new Tree()
  while (tree.size < newest.size) {
    const grown = await grow(reader, tree, stretches, signed, judge)
    if (grown === undefined) {
      findings.push(`its records from ${tree.size} on are missing or changed: ${newest.size} were signed`)
      break
    }
    tree = grown
  }
  const time = signed.get(tree.size)?.time
  const verdicts = judged.map(({ check, text }) => ({ ...check.finish(tree.size), text }))
  const vouched = verdicts.find(({ outside }) => outside.size > 0) ?? verdicts[0]
  const note = findings.length === 0 ? await textOf(reader, newest.note) : undefined
  return {
    records: tree.size,
    ...(note === undefined ? {} : { note }),
    ...(newest.log === undefined ? {} : { key: newest.log }),
    ...(vouched?.text === undefined ? {} : { witnessed: vouched.text }),
    findings: [...findings, ...(vouched?.findings ?? [])],
    ...(time === undefined ? {} : { time }),
    ...(vouched === undefined ? {} : { outside: vouched.outside }),
  }
}

/** Whatever else lies there: the newest few heads, of which one that the quorum signed is enough. */
const headsAtMost = 8

/** One judge for each of the newest heads; for none at all one that says so. None without a policy. */
async function outsideOf(
  reader: ArchiveReader,
  witnessed: readonly Note[],
  { policy }: Trusted,
  log: NoteKey | undefined,
): Promise<{ check: OutsideCheck; text: string | undefined }[]> {
  if (policy === undefined) return []
  const texts: string[] = []
  for (const { found, sha256 } of witnessed.toSorted((a, b) => b.size - a.size)) {
    if (texts.length >= headsAtMost) break
    const text = await textOf(reader, { found, sha256 })
    if (text !== undefined) texts.push(text)
  }
  return (texts.length === 0 ? [undefined] : texts).map((text) => ({
    check: new OutsideCheck(policy, text, log),
    text,
  }))
}

/** The tree with the next stretch that a signed checkpoint covers; undefined when there is none. */
async function grow(
  reader: ArchiveReader,
  tree: Tree,
  stretches: readonly Stretch[],
  signed: ReadonlyMap<number, Signed>,
  take: Take,
): Promise<Tree | undefined> {
  const candidates = stretches
    .filter(({ from, to }) => from <= tree.size && to > tree.size && signed.has(to))
    .toSorted((a, b) => b.to - a.to)
  for (const stretch of candidates) {
    const root = signed.get(stretch.to)?.root ?? Buffer.alloc(0)
    // Read once to see that it is the log, and again to believe it: it may be larger than memory.
    const isLog = async (told: Take): Promise<Tree | undefined> => {
      const grown = await grownBy(tree, await reader.read(stretch.found), stretch, told)
      return grown?.root().equals(root) === true ? grown : undefined
    }
    if ((await isLog(() => undefined)) === undefined) continue
    const grown = await isLog(take)
    if (grown === undefined) throw new CannotError('The bucket gave other bytes the second time: try again')
    return grown
  }
  return undefined
}

/** The tree with the records of a stretch that it does not have yet; undefined when the bytes are not those of its name. */
async function grownBy(
  tree: Tree,
  stream: ArchiveBody,
  { from, to, sha256 }: Stretch,
  take: Take,
): Promise<Tree | undefined> {
  const digest = createHash('sha256')
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      digest.update(chunk)
      yield chunk
    }
  }
  const bytes = new ByteReader(hashed())
  const grown = tree.clone()
  try {
    for (let index = from; index < to; index++) {
      const line = await bytes.line(recordLimit)
      if (line === undefined) return undefined
      if (index < tree.size) continue
      grown.append(leafHash(line))
      take(line, grown)
    }
    if (!(await bytes.atEnd())) return undefined
  } catch (error) {
    if (error instanceof Ended) return undefined
    throw error
  } finally {
    stream.close()
  }
  return digest.digest('hex') === sha256 ? grown : undefined
}

async function signedIn(
  reader: ArchiveReader,
  { size, sha256, found }: Note,
  trusted: Trusted,
): Promise<Signed | undefined> {
  const note = await textOf(reader, { found, sha256 })
  if (note === undefined) return undefined
  let read: ReturnType<typeof parseNote>['checkpoint']
  try {
    read = parseNote(note).checkpoint
  } catch {
    return undefined
  }
  if (read.origin !== registryOrigin || read.size !== size) return undefined
  const log = trusted.logs.find((key) => verifyNote(note, key) !== undefined)
  if (trusted.logs.length > 0 && log === undefined) return undefined
  const cosigned = trusted.witness === undefined ? undefined : verifyNote(note, trusted.witness)
  if (trusted.witness !== undefined && cosigned?.time === undefined) return undefined
  return {
    note: { size, sha256, found },
    size,
    root: read.root,
    ...(cosigned?.time === undefined ? {} : { time: cosigned.time }),
    ...(log === undefined ? {} : { log }),
  }
}

async function textOf(
  reader: ArchiveReader,
  { found, sha256 }: Pick<Note, 'found' | 'sha256'>,
): Promise<string | undefined> {
  return (await bytesOf(await reader.read(found), sha256, noteLimit))?.toString('utf8')
}

/** The bytes of a stream, if they are those of this hash. */
async function bytesOf(
  stream: AsyncIterable<Uint8Array>,
  sha256: string,
  limit: number,
): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = []
  const digest = createHash('sha256')
  let length = 0
  for await (const chunk of stream) {
    length += chunk.length
    if (length > limit) return undefined
    digest.update(chunk)
    chunks.push(chunk)
  }
  return digest.digest('hex') === sha256 ? Buffer.concat(chunks) : undefined
}
