// What a sidecar asks of the collector (core/wire.ts). Says apart what shall be tried again and what ends the chain.

import { isPredecessor } from '../../core/record-shape.ts'
import type { ChainRequest, ChainResponse, CollectorRefusal } from '../../core/wire.ts'
import type { Link } from '../channel/link.ts'
import { Posts } from '../channel/posts.ts'
import { ChainOver } from './home.ts'

/** Answers after which this chain can never go on -> why. Anything else is tried again. */
const ends: ReadonlyMap<string, string> = new Map([
  ['fork', 'chain-forked'],
  ['gap', 'chain-forked'],
  ['truncates', 'chain-forked'],
  ['fork-root', 'chain-forked'],
  ['chain-over', 'chain-forked'],
  ['chain-corrupt', 'chain-forked'],
  ['bad-signature', 'chain-refused'],
  ['no-such-chain', 'chain-refused'],
  ['bad-record', 'chain-refused'],
  ['bad-order', 'chain-refused'],
  ['bad-note', 'chain-refused'],
  ['too-many-open', 'chain-refused'],
  ['not-yours', 'chain-foreign'],
])

/** The collector did not do it, for now. */
class CollectorError extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string) {
    super('The collector did not take it; it is sent again')
    this.name = 'CollectorError'
    this.status = status
    this.code = code
  }
}

export class CollectorClient {
  readonly #posts: Posts
  readonly #timeout: number

  /**
   * `timeout`: longest time of one exchange, milliseconds, and of opening the connection before it; a collector that hangs is one that
   * is away.
   */
  constructor(link: Pick<Link, 'request' | 'upgrade'>, timeout = 4_000) {
    this.#posts = new Posts(link)
    this.#timeout = timeout
  }

  /** Begins a chain. `publicKey`: raw Ed25519 key. */
  async begin(publicKey: Buffer): Promise<ChainResponse> {
    const request: ChainRequest = { publicKey: publicKey.toString('base64') }
    const text = await this.#post('/v1/chains', 'application/json', JSON.stringify(request))
    const { origin, restart, witness, before } = JSON.parse(text) as Partial<ChainResponse>
    if (typeof origin !== 'string' || typeof restart !== 'number' || typeof witness !== 'string')
      throw new CollectorError(200, 'malformed')
    if (before === undefined) return { origin, restart, witness }
    // It goes into a record, which takes nothing else.
    if (!isPredecessor(before)) throw new CollectorError(200, 'malformed')
    return { origin, restart, witness, before }
  }

  /** Resolves only when the collector says that it has committed them all. `from`: index of the first. */
  async records(origin: string, from: number, records: readonly Buffer[]): Promise<void> {
    const path = `/v1/records?origin=${encodeURIComponent(origin)}&from=${from}`
    const lines = records.flatMap((record) => [record, newline])
    const text = await this.#post(path, 'application/x-ndjson', lines)
    const { size } = JSON.parse(text) as { size?: unknown }
    // An answer that claims less than was sent acknowledges nothing.
    if (typeof size !== 'number' || size < from + records.length) throw new CollectorError(200, 'short')
  }

  /** The collector's cosignature line for a signed note. */
  async checkpoint(note: string): Promise<string> {
    return await this.#post('/v1/checkpoints', 'text/plain', note)
  }

  /** All that was on the volume of this pod, which is gone, is with the collector. Resolves to how many chains it had. */
  async recovered(): Promise<number> {
    const { chains } = JSON.parse(await this.#post('/v1/recovered', 'application/json', '{}')) as {
      chains?: unknown
    }
    if (typeof chains !== 'number') throw new CollectorError(200, 'malformed')
    return chains
  }

  async #post(path: string, type: string, said: string | readonly Buffer[]): Promise<string> {
    const body = typeof said === 'string' ? [Buffer.from(said)] : said
    const { statusCode, text } = await this.#posts.post({ path, type, body, timeout: this.#timeout })
    if (statusCode === 200) return text
    const code = codeIn(text)
    // 409 is a fork whatever it says (core/wire.ts), but for one that says what is missing.
    const why =
      ends.get(code) ?? (statusCode === 409 && code !== 'records-missing' ? 'chain-forked' : undefined)
    if (why !== undefined) throw new ChainOver(why)
    throw new CollectorError(statusCode, code)
  }
}

const newline = Buffer.from('\n')

function codeIn(text: string): string {
  try {
    const { error } = JSON.parse(text) as Partial<CollectorRefusal>
    return typeof error === 'string' && /^[a-z-]{1,64}$/.test(error) ? error : 'unknown'
  } catch {
    return 'unknown'
  }
}
