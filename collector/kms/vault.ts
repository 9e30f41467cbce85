// HashiCorp Vault and OpenBao, secrets engine transit, over its HTTP API: POST /v1/MOUNT/encrypt/KEY and decrypt/KEY with
// `associated_data`, which keys of type aes256-gcm96 authenticate. The token is read from a file for every request: an
// agent beside the collector keeps it valid.

import { readFile } from 'node:fs/promises'
import { Agent, request } from 'undici'
import { boundBytes, inTime, type KeyWrapper, KmsFailed, type KmsReason, roundTrip } from './key-wrapper.ts'

export type VaultOptions = {
  /** Base URL, `https://vault.example:8200`. */
  url: string
  /** Where the engine is mounted, `transit` for most. */
  mount: string
  key: string
  tokenPath: string
  /** CA of the server's certificate, PEM; absent: the public ones of Node. */
  ca?: string
  /** Vault Enterprise and OpenBao: the name space. */
  namespace?: string
  timeoutMs?: number
}

/** Answers that are no failure of the network. 503: sealed. 429 and 473: a standby. */
const reasonOfStatus: { [status: number]: KmsReason } = {
  400: 'kms-cannot-open',
  403: 'kms-refuses',
  404: 'kms-key-missing',
}

function reasonOf(status: number, text: string): KmsReason {
  // To one who may decrypt, a key that was deleted is a bad request.
  if (status === 400 && text.includes('encryption key not found')) return 'kms-key-missing'
  return reasonOfStatus[status] ?? 'kms-away'
}

export function vaultWrapper(options: VaultOptions): KeyWrapper {
  const { url, mount, key, tokenPath, ca, namespace, timeoutMs = 5000 } = options
  const dispatcher = new Agent({ connect: { ...(ca === undefined ? {} : { ca }), minVersion: 'TLSv1.2' } })
  const name = `vault:${mount}/${key}`

  const post = async (path: string, body: object): Promise<{ [member: string]: unknown }> =>
    await inTime(timeoutMs, async (signal) => {
      const token = await tokenIn(tokenPath)
      const { status, text } = await exchange(async () => {
        const answer = await request(`${url}/v1/${mount}/${path}`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'x-vault-token': token,
            'x-vault-request': 'true',
            ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
          },
          body: JSON.stringify(body),
          dispatcher,
          signal,
        })
        return { status: answer.statusCode, text: await answer.body.text() }
      })
      if (status !== 200) throw new KmsFailed(reasonOf(status, text))
      return dataOf(text)
    })

  const wrapper: Omit<KeyWrapper, 'health'> = {
    async wrap(dataKey, context) {
      const { ciphertext } = await post(`encrypt/${key}`, {
        plaintext: dataKey.toString('base64'),
        associated_data: boundBytes(context).toString('base64'),
      }).catch((error: unknown) => {
        // Nothing is opened here: the key is of a type that takes no associated data, or is gone.
        if (error instanceof KmsFailed && error.reason === 'kms-cannot-open')
          throw new KmsFailed('kms-key-unfit', { cause: error })
        throw error
      })
      const version = typeof ciphertext === 'string' ? /^vault:(v[0-9]+):/.exec(ciphertext)?.[1] : undefined
      if (typeof ciphertext !== 'string' || version === undefined) throw new KmsFailed('kms-answer-wrong')
      return { keyId: `${name}:${version}`, wrapped: Buffer.from(ciphertext) }
    },
    async unwrap({ keyId, wrapped }, context) {
      const version = keyId.slice(name.length + 1)
      if (keyId !== `${name}:${version}`) throw new KmsFailed('kms-key-missing')
      // The ciphertext names its version, and would open whatever the header says.
      if (!wrapped.toString('latin1').startsWith(`vault:${version}:`)) throw new KmsFailed('kms-cannot-open')
      const { plaintext } = await post(`decrypt/${key}`, {
        ciphertext: wrapped.toString('latin1'),
        associated_data: boundBytes(context).toString('base64'),
      })
      const dataKey = typeof plaintext === 'string' ? Buffer.from(plaintext, 'base64') : undefined
      if (dataKey?.length !== 32) throw new KmsFailed('kms-answer-wrong')
      return dataKey
    },
    close: async () => await dispatcher.close(),
  }
  return { ...wrapper, health: async () => await roundTrip(wrapper) }
}

async function tokenIn(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    throw new KmsFailed('kms-refuses', { cause })
  }
}

async function exchange<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    throw new KmsFailed('kms-away', { cause })
  }
}

function dataOf(text: string): { [member: string]: unknown } {
  try {
    const { data } = JSON.parse(text) as { data?: unknown }
    if (typeof data === 'object' && data !== null) return { ...data }
  } catch {
    // Said below.
  }
  throw new KmsFailed('kms-answer-wrong')
}
