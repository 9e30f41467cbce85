// Checkpoints: the signed head of a chain, as a C2SP tlog-checkpoint in a C2SP signed note, so that third-party tools
// (Go's x/mod/sumdb/note, sigsum-witness, openssl, signify) read and verify what we write.

import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { strictBase64 } from './base64.ts'
import type { Hash } from './merkle.ts'

/** `origin` names the chain, `size` counts its leaves, `root` is the RFC 6962 root over them. */
export type Checkpoint = { origin: string; size: number; root: Hash }

/** Signature types of C2SP signed-note and tlog-cosignature. */
const kinds = { ed25519: 0x01, cosignature: 0x04 } as const
type SignatureKind = keyof typeof kinds

/** One key that may sign notes. `key` is a public or private Ed25519 key. */
export type NoteKey = { name: string; kind: SignatureKind; key: KeyObject }

/** A signature line as it stands in a note; `signed` is what was signed apart from the body (cosignatures: time). */
export type NoteSignature = { name: string; keyId: Buffer; bytes: Buffer }

const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')

/** The 32 raw bytes of an Ed25519 public key. */
export function rawPublicKey(key: KeyObject): Buffer {
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' })
  return spki.subarray(spkiPrefix.length)
}

/** SHA-256(name ‖ 0x0A ‖ type ‖ public key), first four bytes (C2SP signed-note). */
function keyId({ name, kind, key }: NoteKey): Buffer {
  return createHash('sha256')
    .update(`${name}\n`)
    .update(Buffer.from([kinds[kind]]))
    .update(rawPublicKey(key))
    .digest()
    .subarray(0, 4)
}

/** The key as a verifier writes it down: `name+hash+base64(type ‖ key)`, C2SP "vkey". */
export function vkey(key: NoteKey): string {
  const tagged = Buffer.concat([Buffer.from([kinds[key.kind]]), rawPublicKey(key.key)])
  return `${key.name}+${keyId(key).toString('hex')}+${tagged.toString('base64')}`
}

/** Reads a vkey; throws when the text is none or its hash does not fit its key. */
export function parseVkey(text: string): NoteKey {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text)
  if (match === null) throw new TypeError('Not a verifier key: want name+hash+key')
  const bytes = strictBase64(match[3] as string)
  const kind = (Object.keys(kinds) as SignatureKind[]).find((name) => kinds[name] === bytes[0])
  if (kind === undefined || bytes.length !== 33) throw new TypeError('Not an Ed25519 verifier key')
  const key = createPublicKey({
    key: Buffer.concat([spkiPrefix, bytes.subarray(1)]),
    format: 'der',
    type: 'spki',
  })
  const parsed = { name: match[1] as string, kind, key }
  if (keyId(parsed).toString('hex') !== match[2])
    throw new TypeError('The hash of this verifier key does not fit its key')
  return parsed
}

/** The body of a checkpoint: three lines, each ended by a newline. */
export function bodyOf({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`
}

/** What a cosignature signs: the time of the cosigner stands before the body (C2SP tlog-cosignature). */
function cosigned(body: string, time: bigint): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${time}\n${body}`)
}

function line(key: NoteKey, signature: Buffer): string {
  return `— ${key.name} ${Buffer.concat([keyId(key), signature]).toString('base64')}\n`
}

/** A note with one signature: body, empty line, signature line. */
export function signCheckpoint(checkpoint: Checkpoint, key: NoteKey): string {
  const body = bodyOf(checkpoint)
  return `${body}\n${line(key, sign(null, Buffer.from(body), key.key))}`
}

/** The cosignature line to append to a note. `time` is seconds since 1970, the witness's own clock. */
export function cosign(checkpoint: Checkpoint, key: NoteKey, time: number): string {
  const stamp = Buffer.alloc(8)
  stamp.writeBigUInt64BE(BigInt(time))
  return line(key, Buffer.concat([stamp, sign(null, cosigned(bodyOf(checkpoint), BigInt(time)), key.key)]))
}

/** Reads a note: its checkpoint and every signature line, none of them verified. Throws on anything malformed. */
export function parseNote(note: string): { checkpoint: Checkpoint; signatures: NoteSignature[] } {
  const at = note.indexOf('\n\n')
  if (at < 0 || !note.endsWith('\n'))
    throw new TypeError('Not a signed note: no empty line, or no newline at its end')
  const lines = note.slice(0, at).split('\n')
  const [origin, sizeText, rootText] = lines
  if (lines.length !== 3 || !origin || !/^(0|[1-9][0-9]*)$/.test(sizeText ?? '')) {
    throw new TypeError('Not a checkpoint: want origin, size and root, a line each')
  }
  const size = Number(sizeText)
  const root = Buffer.from(rootText as string, 'base64')
  if (!Number.isSafeInteger(size) || root.length !== 32 || root.toString('base64') !== rootText) {
    throw new TypeError('Not a checkpoint: size or root is malformed')
  }
  const signatures = note
    .slice(at + 2, -1)
    .split('\n')
    .map((text) => {
      const match = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(text)
      if (match === null) throw new TypeError('Not a signed note: a signature line is malformed')
      const bytes = strictBase64(match[2] as string)
      if (bytes.length < 5) throw new TypeError('Not a signed note: a signature is too short')
      return { name: match[1] as string, keyId: bytes.subarray(0, 4), bytes: bytes.subarray(4) }
    })
  return { checkpoint: { origin, size, root }, signatures }
}

/** Whether `key` signed the note; for a cosignature the seconds since 1970 at which it did. */
export function verifyNote(note: string, key: NoteKey): { time?: number } | undefined {
  const { checkpoint, signatures } = parseNote(note)
  const body = bodyOf(checkpoint)
  const id = keyId(key)
  for (const { name, keyId: seen, bytes } of signatures) {
    if (name !== key.name || !seen.equals(id)) continue
    if (key.kind === 'ed25519') return verify(null, Buffer.from(body), key.key, bytes) ? {} : undefined
    if (bytes.length !== 72) return undefined
    const time = bytes.readBigUInt64BE(0)
    return verify(null, cosigned(body, time), key.key, bytes.subarray(8)) ? { time: Number(time) } : undefined
  }
  return undefined
}
