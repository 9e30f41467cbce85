// HMAC-SHA256 (RFC 2104, RFC 6234) of texts as two one-shot hashes. To make an object of createHmac takes longer than to hash
// what a call asks: OpenSSL looks the digest up by its name each time.

import { createHmac, hash, type KeyObject } from 'node:crypto'

const block = 64
const digest = 32
/** Bytes of a text that is hashed in one piece with the key's block before it. */
const room = 64 * 1024
/** UTF-8 takes at most three bytes for what is one of a string's units. */
const longest = Math.floor(room / 3)

const inner = Buffer.alloc(block + room)
const outer = Buffer.alloc(block + digest)

/** The key's block, for the inner hash and for the outer one. */
type Pads = { readonly inner: Uint8Array; readonly outer: Uint8Array }
/** They say what the key says, and are kept as long as it is. */
const made = new WeakMap<KeyObject, Pads>()

/** HMAC-SHA256 of a text in UTF-8, hexadecimal. `key`: a secret one. */
export function hmac(text: string, key: KeyObject): string {
  if (text.length > longest) return createHmac('sha256', key).update(text).digest('hex')
  const pads = made.get(key) ?? padsOf(key)
  inner.set(pads.inner)
  const end = block + inner.write(text, block)
  outer.set(pads.outer)
  outer.write(hash('sha256', inner.subarray(0, end), 'latin1'), block, 'latin1')
  // Neither content nor key lies about until the next call.
  inner.fill(0, 0, end)
  const code = hash('sha256', outer, 'hex')
  outer.fill(0)
  return code
}

function padsOf(key: KeyObject): Pads {
  const secret = key.export()
  const bytes = secret.length > block ? hash('sha256', secret, 'buffer') : secret
  const padded = Buffer.concat([bytes], block)
  const pads = { inner: padded.map((byte) => byte ^ 0x36), outer: padded.map((byte) => byte ^ 0x5c) }
  made.set(key, pads)
  return pads
}
