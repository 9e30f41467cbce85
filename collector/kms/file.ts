// A key in a file, for profile Development: whoever reads the file opens every segment. Lines of `NAME BASE64`, 32 bytes
// each; the last one wraps, all unwrap. It is read for every use, so that a line that is added rotates the key.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { boundBytes, type KeyWrapper, KmsFailed, roundTrip } from './key-wrapper.ts'

const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

export function fileWrapper(path: string): KeyWrapper {
  const wrapper: Omit<KeyWrapper, 'health'> = {
    async wrap(dataKey, context) {
      const keys = await keysIn(path)
      const newest = [...keys].at(-1)
      if (newest === undefined) throw new KmsFailed('kms-key-missing')
      const [name, key] = newest
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv(algorithm, key, nonce)
      cipher.setAAD(boundBytes(context))
      const wrapped = Buffer.concat([nonce, cipher.update(dataKey), cipher.final(), cipher.getAuthTag()])
      return { keyId: `file:${name}`, wrapped }
    },
    async unwrap({ keyId, wrapped }, context) {
      const key = (await keysIn(path)).get(keyId.replace(/^file:/, ''))
      if (key === undefined) throw new KmsFailed('kms-key-missing')
      try {
        const decipher = createDecipheriv(algorithm, key, wrapped.subarray(0, nonceBytes), {
          authTagLength: tagBytes,
        })
        decipher.setAAD(boundBytes(context))
        decipher.setAuthTag(wrapped.subarray(-tagBytes))
        return Buffer.concat([decipher.update(wrapped.subarray(nonceBytes, -tagBytes)), decipher.final()])
      } catch (cause) {
        throw new KmsFailed('kms-cannot-open', { cause })
      }
    },
    close: async () => undefined,
  }
  return { ...wrapper, health: async () => await roundTrip(wrapper) }
}

async function keysIn(path: string): Promise<Map<string, Buffer>> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new KmsFailed('kms-away', { cause })
  })
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return new Map(
    lines.map((line) => {
      const [, name, base64 = ''] = /^([A-Za-z0-9._-]{1,100}) ([A-Za-z0-9+/]{43}=)$/.exec(line.trim()) ?? []
      if (name === undefined) throw new KmsFailed('kms-key-missing')
      return [name, Buffer.from(base64, 'base64')]
    }),
  )
}
