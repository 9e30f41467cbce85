// Stand-ins for holders of keys, made to their published APIs: Vault's transit engine and AWS KMS, both over plain HTTP.
// They encrypt for real, so that a wrong context or key fails as it does there.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export type Holder = {
  url: string
  /** Versions or keys, oldest first. */
  keys: Map<string, Buffer>
  rotate: () => void
  removeFirst: () => void
  /** What comes instead of an answer. */
  instead: { status: number; body: unknown } | 'hang' | undefined
  /** Requests as they came. */
  asked: { path: string; headers: IncomingMessage['headers']; body: { [member: string]: unknown } }[]
  /** Closes the port, and opens the same one again. */
  stop: () => Promise<void>
  start: () => Promise<void>
}

type Reply = { status: number; body: unknown }

function textIn(body: { [member: string]: unknown }, member: string): string {
  const value = body[member]
  return typeof value === 'string' ? value : ''
}

const gcm = {
  seal(key: Buffer, text: Buffer, aad: Buffer): Buffer {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad)
    return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()])
  },
  open(key: Buffer, sealed: Buffer, aad: Buffer): Buffer {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).setAAD(aad)
    decipher.setAuthTag(sealed.subarray(-16))
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
  },
}

function respond(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function aHolder(
  nameOf: (count: number) => string,
  answer: (holder: Holder, asked: Holder['asked'][number]) => Reply,
): Promise<Holder> {
  let server: Server | undefined
  let port = 0
  const sockets = new Set<Socket>()
  const holder: Holder = {
    url: '',
    keys: new Map(),
    rotate: () => holder.keys.set(nameOf(holder.keys.size + 1), randomBytes(32)),
    removeFirst: () => holder.keys.delete([...holder.keys.keys()][0] as string),
    instead: undefined,
    asked: [],
    stop: async () => {
      const closed = new Promise((resolve) => server?.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
    start: async () => {
      server = createServer((request, response) => {
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('end', () => {
          const body = JSON.parse(Buffer.concat(chunks).toString()) as { [member: string]: unknown }
          const asked = { path: request.url ?? '', headers: request.headers, body }
          holder.asked.push(asked)
          if (holder.instead === 'hang') return
          respond(response, holder.instead ?? answer(holder, asked))
        })
      })
      server.on('connection', (socket) => {
        sockets.add(socket)
        socket.on('close', () => sockets.delete(socket))
      })
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
      port = (server.address() as AddressInfo).port
      holder.url = `http://127.0.0.1:${port}`
    },
  }
  holder.rotate()
  await holder.start()
  onTestFinished(async () => await holder.stop())
  return holder
}

/** Vault: POST /v1/transit/encrypt/trail and decrypt/trail (developer.hashicorp.com/vault/api-docs/secret/transit). */
export async function aVault(token = 's.token'): Promise<Holder> {
  return await aHolder(
    (count) => `v${count}`,
    ({ keys }, { path, headers, body }) => {
      if (headers['x-vault-token'] !== token) return { status: 403, body: { errors: ['permission denied'] } }
      const aad = Buffer.from(textIn(body, 'associated_data'), 'base64')
      if (path === '/v1/transit/encrypt/trail') {
        const newest = [...keys].at(-1)
        if (newest === undefined) return { status: 404, body: { errors: [] } }
        const [version, key] = newest
        const sealed = gcm.seal(key, Buffer.from(textIn(body, 'plaintext'), 'base64'), aad)
        const ciphertext = `vault:${version}:${sealed.toString('base64')}`
        return { status: 200, body: { data: { ciphertext, key_version: Number(version.slice(1)) } } }
      }
      if (path !== '/v1/transit/decrypt/trail') return { status: 404, body: { errors: [] } }
      const [, version = '', base64 = ''] = /^vault:(v\d+):(.*)$/.exec(textIn(body, 'ciphertext')) ?? []
      const key = keys.get(version)
      try {
        const plaintext = gcm.open(key as Buffer, Buffer.from(base64, 'base64'), aad).toString('base64')
        return { status: 200, body: { data: { plaintext } } }
      } catch {
        return { status: 400, body: { errors: ['cipher: message authentication failed'] } }
      }
    },
  )
}

const fails = (type: string): Reply => ({ status: 400, body: { __type: type, message: type } })
const account = 'arn:aws:kms:us-east-1:111122223333'

/** AWS KMS: TrentService.Encrypt and Decrypt, JSON 1.1 (docs.aws.amazon.com/kms/latest/APIReference). An alias names the newest key. */
export async function anAwsKms(): Promise<Holder> {
  return await aHolder(
    (count) => `${account}:key/00000000-0000-4000-8000-${String(count).padStart(12, '0')}`,
    ({ keys }, { headers, body }) => {
      if (headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=') !== true)
        return fails('UnrecognizedClientException')
      const context = Object.entries((body['EncryptionContext'] ?? {}) as { [name: string]: string })
      const aad = Buffer.from(JSON.stringify(context.toSorted(([a], [b]) => (a < b ? -1 : 1))))
      if (headers['x-amz-target'] === 'TrentService.Encrypt') {
        const asked = textIn(body, 'KeyId')
        const name = asked === `${account}:alias/trail` ? [...keys.keys()].at(-1) : asked
        const key = keys.get(name ?? '')
        if (key === undefined) return fails('NotFoundException')
        const sealed = gcm.seal(key, Buffer.from(textIn(body, 'Plaintext'), 'base64'), aad)
        const blob = Buffer.concat([Buffer.from(`${name}\n`), sealed]).toString('base64')
        return { status: 200, body: { CiphertextBlob: blob, KeyId: name } }
      }
      const blob = Buffer.from(textIn(body, 'CiphertextBlob'), 'base64')
      const end = blob.indexOf(0x0a)
      const name = blob.subarray(0, end).toString()
      if (body['KeyId'] !== undefined && body['KeyId'] !== name) return fails('IncorrectKeyException')
      const key = keys.get(name)
      if (key === undefined) return fails('NotFoundException')
      try {
        const text = gcm.open(key, blob.subarray(end + 1), aad)
        return { status: 200, body: { Plaintext: text.toString('base64'), KeyId: name } }
      } catch {
        return fails('InvalidCiphertextException')
      }
    },
  )
}
