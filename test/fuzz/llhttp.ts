// Node's own reader of HTTP, which shares no code with ours: the one behind node:http.

import { createRequire } from 'node:module'

type Parser = {
  initialize(type: number, resource: object): void
  execute(bytes: Buffer): number | Error
  close(): void
  [callback: number]: (...args: never[]) => unknown
}
type Common = {
  HTTPParser: {
    new (): Parser
    RESPONSE: number
    kOnHeaders: number
    kOnHeadersComplete: number
    kOnBody: number
    kOnMessageComplete: number
  }
}

/** There is no public way to it. */
const { HTTPParser } = createRequire(import.meta.url)('_http_common') as Common

/** The first response that is no 1xx; undefined where it is refused, or not whole. */
export function llhttp(bytes: Buffer): { status: number; body: Buffer } | undefined {
  const parser = new HTTPParser()
  parser.initialize(HTTPParser.RESPONSE, {})
  let status = 0
  let isWhole = false
  const body: Buffer[] = []
  parser[HTTPParser.kOnHeaders] = () => undefined
  parser[HTTPParser.kOnHeadersComplete] = (
    _major: number,
    _minor: number,
    _fields: unknown,
    _method: unknown,
    _url: unknown,
    code: number,
  ) => {
    status = code
    return 0
  }
  parser[HTTPParser.kOnBody] = (chunk: Buffer) => {
    body.push(Buffer.from(chunk))
  }
  parser[HTTPParser.kOnMessageComplete] = () => {
    isWhole = status >= 200
  }
  const read = parser.execute(bytes)
  parser.close()
  return typeof read === 'number' && isWhole ? { status, body: Buffer.concat(body) } : undefined
}
