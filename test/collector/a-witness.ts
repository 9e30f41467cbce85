// A witness as C2SP tlog-witness describes it, in memory, with switches for what goes wrong. The real one that runs in the
// integration tests is of another author.

import { generateKeyPairSync } from 'node:crypto'
import type { Ask } from '../../collector/witnesses/ask.ts'
import type { WitnessEvents } from '../../collector/witnesses/witness.ts'
import type { WitnessesOptions } from '../../collector/witnesses/witnesses.ts'
import { cosign, type NoteKey, parseNote, parseVkey, verifyNote, vkey } from '../../core/checkpoint.ts'
import type { Hash } from '../../core/merkle.ts'
import { verifyConsistency } from '../../core/merkle-proof.ts'
import { parseWitnessPolicy } from '../../core/witness-policy.ts'
import type { Clock } from './a-trail.ts'

type Fault = 'away' | 'busy' | 'other-key' | 'garbage' | 'strangers-too'

export class AWitness {
  readonly name: string
  readonly key: NoteKey
  readonly url: string
  /** The log's key, once it is told of the log. */
  log: NoteKey | undefined
  /** What it signed last. */
  head: { size: number; root: Hash } | undefined
  fault: Fault | undefined
  asked = 0
  readonly #clock: Clock

  constructor(name: string, clock: Clock) {
    this.name = name
    this.url = `https://${name}.example/w`
    this.key = {
      name: `${name}.example`,
      kind: 'cosignature',
      key: generateKeyPairSync('ed25519').privateKey,
    }
    this.#clock = clock
  }

  get line(): string {
    return `witness ${this.name} ${vkey(this.key)} ${this.url}\n`
  }

  knows(log: string): void {
    this.log = parseVkey(log)
  }

  async answer(question: string): Promise<{ status: number; body: string }> {
    this.asked += 1
    if (this.fault === 'away') throw new Error('ECONNREFUSED')
    if (this.fault === 'busy') return { status: 503, body: '' }
    if (this.fault === 'garbage') return { status: 200, body: 'not a line\n— w AAAA\n' }
    return this.#judge(question)
  }

  #judge(question: string): { status: number; body: string } {
    const [head, ...rest] = question.split('\n\n')
    const note = rest.join('\n\n')
    const [old, ...hashes] = (head as string).split('\n')
    const from = Number(/^old (0|[1-9][0-9]*)$/.exec(old as string)?.[1])
    const { checkpoint } = parseNote(note)
    if (checkpoint.origin !== this.log?.name) return { status: 404, body: '' }
    if (verifyNote(note, this.log) === undefined) return { status: 403, body: '' }
    if (!(from <= checkpoint.size) || hashes.length > 63) return { status: 400, body: '' }
    const signed = this.head?.size ?? 0
    if (from !== signed) return { status: 409, body: `${signed}\n` }
    if (this.head !== undefined && from === checkpoint.size && !this.head.root.equals(checkpoint.root))
      return { status: 409, body: `${signed}\n` }
    const proof = hashes.map((hash) => Buffer.from(hash, 'base64'))
    const grown =
      this.head === undefined ? proof.length === 0 : verifyConsistency(this.head, checkpoint, proof)
    if (!grown) return { status: 422, body: '' }
    this.head = checkpoint
    const seconds = Math.floor(this.#clock.now / 1000)
    const stranger = { ...this.key, name: 'stranger.example' }
    if (this.fault === 'other-key') return { status: 200, body: cosign(checkpoint, stranger, seconds) }
    const ours = cosign(checkpoint, this.key, seconds)
    return {
      status: 200,
      body: this.fault === 'strangers-too' ? cosign(checkpoint, stranger, seconds) + ours : ours,
    }
  }
}

export type Heard = { refused: unknown[][]; changed: unknown[][]; forgot: string[] }

/** Options of a trail that is shown to these witnesses; `quorum` is what the policy file says after them. */
export function askingThem(
  witnesses: readonly AWitness[],
  more: { quorum?: string; strict?: boolean; clock?: () => number } = {},
): { witnesses: WitnessesOptions; heard: Heard } {
  const heard: Heard = { refused: [], changed: [], forgot: [] }
  const events: WitnessEvents = {
    refused: (...all) => heard.refused.push(all),
    changed: (...all) => heard.changed.push(all),
    forgot: (name) => heard.forgot.push(name),
  }
  const ask: Ask = async (url, question) =>
    await (witnesses.find((witness) => witness.url === url) as AWitness).answer(question)
  const { quorum = `quorum ${witnesses[0]?.name}\n`, strict = false, clock } = more
  return {
    heard,
    witnesses: {
      policy: parseWitnessPolicy(witnesses.map(({ line }) => line).join('') + quorum),
      origin: 'hipaa-mcp.dev/registry/{key}',
      seconds: 30,
      lateSeconds: 300,
      strict,
      ask,
      events,
      ...(clock === undefined ? {} : { clock }),
    },
  }
}
