// An HSM by PKCS#11. The vendor's library runs in a process of its own (pkcs11-process.ts): its calls block, and one that
// hangs, or crashes, takes that process with it and nothing else. It is started when it is needed, and anew after every
// failure, so that sessions of a token that was away are never used again.

import { type ChildProcess, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { boundBytes, inTime, type KeyWrapper, KmsFailed, type KmsReason, roundTrip } from './key-wrapper.ts'

export type Pkcs11Options = {
  /** The vendor's library. */
  module: string
  /** Label of the token. */
  token: string
  /** Label of the key. Of several the one with the highest CKA_ID wraps. */
  object: string
  pinPath: string
  timeoutMs?: number
}

/** What the process is asked. `aad` are bytes. */
export type Pkcs11Request =
  | { id: number; open: { module: string; token: string; object: string; pin: string } }
  | { id: number; wrap: Uint8Array; aad: Uint8Array }
  | { id: number; unwrap: Uint8Array; aad: Uint8Array; key: { object: string; ckaId: string } }

export type Pkcs11Answer = { id: number } & (
  | { bytes?: Uint8Array /** CKA_ID of the key, hexadecimal. */; ckaId?: string }
  | { failed: KmsReason }
)

type Given = Exclude<Pkcs11Answer, { failed: KmsReason }>

type Ask = Pkcs11Request extends infer R ? (R extends Pkcs11Request ? Omit<R, 'id'> : never) : never

export function pkcs11Wrapper(options: Pkcs11Options): KeyWrapper {
  const { module, token, object, pinPath, timeoutMs = 5000 } = options
  let running: Running | undefined
  // Some wrong PINs lock a token: one that was refused is not tried again.
  let refusedPin: string | undefined

  const begun = async (): Promise<Running> => {
    const pin = await pinIn(pinPath)
    if (running !== undefined) return running
    const hash = createHash('sha256').update(pin).digest('hex')
    if (hash === refusedPin) throw new KmsFailed('kms-refuses')
    const made = new Running()
    running = made
    // Whoever asks next waits behind this in the process; what it says of the PIN is for the next process.
    made.ask({ open: { module, token, object, pin } }).catch((error: unknown) => {
      const reason = reasonOf(error)
      if (reason === 'kms-refuses') refusedPin = hash
      drop(made, reason)
    })
    return made
  }
  const drop = (one: Running, reason?: KmsReason): void => {
    one.kill(reason)
    if (running === one) running = undefined
  }

  const askOnce = async (question: Ask, signal: AbortSignal): Promise<Given> => {
    const one = running ?? (await begun())
    const giveUp = (): void => drop(one)
    signal.addEventListener('abort', giveUp)
    try {
      return await one.ask(question)
    } catch (error) {
      // Whatever else went wrong, its session is not trusted again.
      if (reasonOf(error) !== 'kms-cannot-open') giveUp()
      throw error
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }
  const ask = async (question: Ask): Promise<Given> =>
    await inTime(timeoutMs, async (signal) => {
      const old = running
      try {
        return await askOnce(question, signal)
      } catch (error) {
        // A session from before may see no key where the token itself is away: a new one tells the two apart.
        if (old === undefined || reasonOf(error) !== 'kms-key-missing') throw error
      }
      return await askOnce(question, signal)
    })

  const wrapper: Omit<KeyWrapper, 'health'> = {
    async wrap(dataKey, context) {
      const { bytes, ckaId } = await ask({ wrap: dataKey, aad: boundBytes(context) })
      if (bytes === undefined || ckaId === undefined) throw new KmsFailed('kms-answer-wrong')
      return { keyId: uriOf(token, object, ckaId), wrapped: Buffer.from(bytes) }
    },
    async unwrap({ keyId, wrapped }, context) {
      const key = keyOf(keyId)
      if (key === undefined) throw new KmsFailed('kms-key-missing')
      const { bytes } = await ask({ unwrap: wrapped, aad: boundBytes(context), key })
      if (bytes?.length !== 32) throw new KmsFailed('kms-answer-wrong')
      return Buffer.from(bytes)
    },
    close: async () => {
      running?.kill()
      running = undefined
    },
  }
  return { ...wrapper, health: async () => await roundTrip(wrapper) }
}

/** One process and what it was asked. */
class Running {
  readonly #child: ChildProcess
  readonly #asked = new Map<number, PromiseWithResolvers<Given>>()
  #next = 0

  constructor() {
    // Ours are for the collector; the vendor's library reads variables of its own.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith('HIPAA_MCP_')),
    )
    this.#child = fork(join(import.meta.dirname, 'pkcs11-process.ts'), {
      env,
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    this.#child.unref()
    this.#child.channel?.unref()
    this.#child.on('message', (answer: Pkcs11Answer) => {
      const asked = this.#asked.get(answer.id)
      this.#asked.delete(answer.id)
      if ('failed' in answer) asked?.reject(new KmsFailed(answer.failed))
      else asked?.resolve(answer)
    })
    this.#child.on('exit', () => this.#fail())
    this.#child.on('error', () => this.#fail())
  }

  async ask(question: Ask): Promise<Given> {
    const id = this.#next++
    const asked = Promise.withResolvers<Given>()
    this.#asked.set(id, asked)
    if (!this.#child.connected) this.#fail()
    else this.#child.send({ id, ...question }, (error) => error !== null && this.#fail())
    return await asked.promise
  }

  /** Whoever still waits is told the reason. */
  kill(reason?: KmsReason): void {
    this.#child.kill('SIGKILL')
    this.#fail(reason)
  }

  #fail(reason: KmsReason = 'kms-away'): void {
    for (const { reject } of this.#asked.values()) reject(new KmsFailed(reason))
    this.#asked.clear()
  }
}

function reasonOf(error: unknown): KmsReason | undefined {
  return error instanceof KmsFailed ? error.reason : undefined
}

async function pinIn(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    throw new KmsFailed('kms-refuses', { cause })
  }
}

/** RFC 7512: a PKCS#11 URI without anything secret. */
function uriOf(token: string, object: string, ckaId: string): string {
  const id = ckaId.replaceAll(/../g, (pair) => `%${pair}`)
  return `pkcs11:token=${encodeURIComponent(token)};object=${encodeURIComponent(object)};id=${id}`
}

function keyOf(uri: string): { object: string; ckaId: string } | undefined {
  const [, object, id] = /^pkcs11:token=[^;]*;object=([^;]*);id=((?:%[0-9a-f]{2})+)$/.exec(uri) ?? []
  if (object === undefined || id === undefined) return undefined
  try {
    return { object: decodeURIComponent(object), ckaId: id.replaceAll('%', '') }
  } catch {
    // A % that escapes nothing: the segment's header is not ours, or damaged.
    return undefined
  }
}
