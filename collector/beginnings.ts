// How the chain of a process begins: one at a time for all pods, so that two of one pod never get the same number.

import { createPublicKey, type KeyObject } from 'node:crypto'
import { parseVkey, rawPublicKey, vkey } from '../core/checkpoint.ts'
import { type Shares, shares } from '../core/shares.ts'
import { originOf, partsOfOrigin } from '../core/wire.ts'
import type { Lanes } from './lanes.ts'
import { Order } from './order.ts'
import { Refusal } from './refusals.ts'
import { type Entered, type Pod, podOf, type Registry } from './registry.ts'
import type { StoreWatch } from './store-watch.ts'

/** So many chains a pod may begin: a sidecar that starts again and again begins some ten of them by the kubelet's own pauses. */
const bounds = { most: 100, withinMs: 600_000 }
/** Requests of one pod to begin a chain that wait for their turn: there is one turn at a time for all pods. */
const atOnce = 16

export type BeginningsOptions = {
  registry: Registry
  lanes: Lanes
  watch: StoreWatch
  /** Milliseconds since 1970. */
  now: () => number
  /** Milliseconds of a clock that nobody can set. */
  steady: () => number
}

export class Beginnings {
  /** For whatever else must not run while a chain begins. */
  readonly turns: Order = new Order()
  readonly #options: BeginningsOptions
  readonly #waiting: Shares = shares(atOnce)

  constructor(options: BeginningsOptions) {
    this.#options = options
  }

  /** Begins the chain of a process. The same key again is the same chain again. */
  async begin(pod: Pod, publicKey: Buffer): Promise<Entered> {
    if (publicKey.length !== 32) throw new Refusal('bad-request')
    const key = ed25519(publicKey)
    const whose = podOf(pod)
    if (!this.#waiting.take(whose, 1)) throw new Refusal('busy')
    try {
      const { watch } = this.#options
      return await watch.use(
        async () => await this.turns.run(async () => await this.#begin(pod, publicKey, key)),
      )
    } finally {
      this.#waiting.give(whose, 1)
    }
  }

  async #begin(pod: Pod, publicKey: Buffer, key: KeyObject): Promise<Entered> {
    const { registry, lanes, now, steady } = this.#options
    // A former try may have reached the log though it failed, and another collector.
    await registry.refresh()
    const before = registry.ofPod(podOf(pod))
    const again = before.find((entry) => rawPublicKey(parseVkey(entry.vkey).key).equals(publicKey))
    if (again?.ended !== undefined && again.ended.how !== 'silent') throw new Refusal('chain-over')
    // By the log that all collectors share, so that neither another one nor a new start forgets.
    const since = now() - bounds.withinMs
    if (again === undefined && before.filter(({ began }) => began > since).length >= bounds.most)
      throw new Refusal('too-many-chains')
    const entry = again ?? (await this.#register(pod, key, before))
    const lane = await lanes.of(entry)
    lane.heard = steady()
    for (const earlier of before.filter(({ restart }) => restart < entry.restart))
      await lanes.end(earlier, 'succeeded')
    return entry
  }

  /** The folder first, then the log: it names no chain that the store does not have. Dying between the two leaves an
   * empty chain that nobody was told of, whose number is not used again. */
  async #register(pod: Pod, key: KeyObject, before: readonly Entered[]): Promise<Entered> {
    const { registry, lanes } = this.#options
    for (let restart = (before.at(-1)?.restart ?? -1) + 1; ; restart++) {
      const origin = originOf(pod.namespace, pod.server, pod.podUid, restart)
      if (partsOfOrigin(origin) === undefined) throw new Refusal('bad-request')
      if (lanes.isBegun(origin)) continue
      const head = { origin, vkey: vkey({ name: origin, kind: 'ed25519', key }) }
      if (!(await lanes.begin(head))) continue
      await registry.update(() => [{ kind: 'registered', ...head }])
      return registry.entries.get(origin) as Entered
    }
  }
}

function ed25519(raw: Buffer): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' })
}
