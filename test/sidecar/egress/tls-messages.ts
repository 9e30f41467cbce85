// Messages of a TLS handshake, put together by hand (RFC 8446 4, 5.1).

import { hash } from 'node:crypto'

export const vector = (size: 1 | 2 | 3, body: Buffer): Buffer => {
  const length = Buffer.alloc(size)
  length.writeUIntBE(body.length, 0, size)
  return Buffer.concat([length, body])
}
export const record = (body: Buffer): Buffer => Buffer.concat([Buffer.from([22, 3, 1]), vector(2, body)])
export const extension = (type: number, body: Buffer): Buffer => {
  const head = Buffer.alloc(2)
  head.writeUInt16BE(type)
  return Buffer.concat([head, vector(2, body)])
}
export const hostName = (name: string): Buffer =>
  Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(name))])
export const serverName = (...names: string[]): Buffer =>
  extension(0, vector(2, Buffer.concat(names.map(hostName))))
export const clientHello = (...extensions: Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.from([1]),
    vector(
      3,
      Buffer.concat([
        Buffer.from([3, 3]),
        Buffer.alloc(32),
        vector(1, Buffer.alloc(32)),
        vector(2, Buffer.from([0x13, 0x01])),
        vector(1, Buffer.from([0])),
        vector(2, Buffer.concat(extensions)),
      ]),
    ),
  ])
const saidWith = (random: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from([2]),
    vector(
      3,
      Buffer.concat([
        Buffer.from([3, 3]),
        random,
        vector(1, Buffer.alloc(32)),
        Buffer.from([0x13, 0x01, 0]),
        vector(2, extension(43, Buffer.from([3, 4]))),
      ]),
    ),
  ])
export const serverHello: Buffer = saidWith(Buffer.alloc(32, 7))
/** Its random is SHA-256 of `HelloRetryRequest`. */
export const retryRequest: Buffer = saidWith(hash('sha256', 'HelloRetryRequest', 'buffer'))
