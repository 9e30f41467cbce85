// A statement that somebody reviewed the activity of a period: who, when, which range, and a hash of exactly what was reviewed,
// signed by the reviewer's own key. It is a file, and not a record of the trail: whoever loses it has no proof of the review.

import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { canonical, type Json } from '../../core/canonical.ts'
import type { Review } from '../../core/export/activity-review.ts'
import { CannotError } from '../command.ts'

const schema = 'hipaa-mcp-review/1'

/** What is signed, in canonical form (RFC 8785). */
export type SignOff = {
  schema: typeof schema
  /** As the reviewer named themselves. */
  by: string
  /** RFC 3339, by the clock of the reviewer's machine. */
  at: string
  server: string
  since?: string
  until?: string
  /** SHA-256 of the review in canonical form, hexadecimal. */
  review: string
  /** Up to when the trail that was read is witnessed, RFC 3339. */
  witnessed: string
  note: string
}

/** `key`: raw Ed25519 public key, base64. */
type Signed = { signOff: SignOff; key: string; signature: string }

export const hashOf = (review: Review): string => createHash('sha256').update(canonical(review)).digest('hex')

/** Writes a new file. Rejects with `CannotError` for a key that is none, or that others can read. */
export async function signOff(file: string, keyFile: string, said: Omit<SignOff, 'schema'>): Promise<void> {
  const key = await signingKey(keyFile)
  const signOff: SignOff = { schema, ...said }
  const signature = sign(null, bytesOf(signOff), key).toString('base64')
  const signed: Signed = { signOff, key: publicOf(key), signature }
  try {
    await writeFile(file, `${JSON.stringify(signed, null, 2)}\n`, { flag: 'wx' })
  } catch (cause) {
    throw new CannotError(`${file} cannot be made: it is there already, or its folder is not yours`, {
      cause,
    })
  }
}

/** Reads a file that `signOff` wrote. Rejects with `CannotError` when its signature does not hold. */
export async function signedOff(file: string): Promise<{ signOff: SignOff; key: string }> {
  try {
    const { signOff, key, signature } = JSON.parse(await readFile(file, 'utf8')) as Signed
    const x = Buffer.from(key, 'base64').toString('base64url')
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    const holds = verify(null, bytesOf(signOff), publicKey, Buffer.from(signature, 'base64'))
    if (signOff.schema !== schema || !holds) throw new TypeError('signature')
    return { signOff, key }
  } catch (cause) {
    throw new CannotError(`${file} is no sign-off, or was changed since it was signed`, { cause })
  }
}

const bytesOf = (signOff: SignOff): Buffer => Buffer.from(canonical(signOff as unknown as Json))

function publicOf(key: KeyObject): string {
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' })
  return Buffer.from(x, 'base64url').toString('base64')
}

async function signingKey(file: string): Promise<KeyObject> {
  const found = await stat(file).catch(() => undefined)
  if (found === undefined)
    throw new CannotError(`${file} cannot be read: openssl genpkey -algorithm ed25519 -out ${file}`)
  if (process.platform !== 'win32' && (found.mode & 0o077) !== 0)
    throw new CannotError(`Others can read ${file}, and sign in your name: chmod 600 ${file}`)
  try {
    const key = createPrivateKey(await readFile(file))
    if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('type')
    return key
  } catch (cause) {
    throw new CannotError(`${file} is no Ed25519 key: openssl genpkey -algorithm ed25519 -out ${file}`, {
      cause,
    })
  }
}
