// Where data keys come from, and whether they do: the key's holder is asked at a bounded rate while it fails, and a key that
// wraps for the first time must first open what it wrapped.

import { type KeyWrapper, KmsFailed, type KmsReason } from '../kms/key-wrapper.ts'
import { idOf, type Log } from '../log.ts'
import { type DataKey, dropKey, makeDataKey, proveKey } from './data-key.ts'

/** For so long the key's holder is not asked again after it failed. */
const pauseMs = 1000

export class KeySource {
  readonly #wrapper: KeyWrapper
  readonly #log: Log
  readonly #steady: () => number
  #failing: { reason: KmsReason; at: number } | undefined
  readonly #inUse: (keyId: string) => Promise<void>
  /** The key whose wrapping was seen to open again. */
  #proved: string | undefined
  /** Data keys that were asked for, and the last of them whose key was said to be in use. */
  #asked = 0
  #said = 0

  /**
   * `steady`: milliseconds of a clock that nobody can set. `inUse`: resolves when it is on record that this key wraps data keys
   * now; no data key is given out before.
   */
  constructor(
    wrapper: KeyWrapper,
    log: Log,
    steady: () => number,
    inUse: (keyId: string) => Promise<void> = async () => undefined,
  ) {
    this.#wrapper = wrapper
    this.#log = log
    this.#steady = steady
    this.#inUse = inUse
  }

  /** Why no data key can be had; undefined while the last one could. */
  failing(): KmsReason | undefined {
    return this.#failing?.reason
  }

  /** A data key for a new segment of this chain. Rejects with `KmsFailed`. */
  async make(origin: string): Promise<DataKey> {
    const failing = this.#failing
    if (failing !== undefined && this.#steady() - failing.at < pauseMs) throw new KmsFailed(failing.reason)
    this.#asked += 1
    const turn = this.#asked
    const key = await this.#watched(async () => await this.#made(origin))
    // What was asked for before and comes after says nothing of what is in use now.
    if (turn < this.#said) return key
    this.#said = turn
    try {
      await this.#inUse(key.keyId)
    } catch (error) {
      dropKey(key)
      throw error
    }
    return key
  }

  /** Looks whether the key's holder is back, where no chain asks it for a key. */
  async look(): Promise<void> {
    if (this.#failing === undefined) return
    await this.#watched(async () => await this.#wrapper.health()).catch(() => undefined)
  }

  async #made(origin: string): Promise<DataKey> {
    const key = await makeDataKey(this.#wrapper, origin)
    if (key.keyId === this.#proved) return key
    try {
      await proveKey(this.#wrapper, origin, key)
    } catch (error) {
      dropKey(key)
      throw error
    }
    this.#proved = key.keyId
    return key
  }

  async #watched<T>(task: () => Promise<T>): Promise<T> {
    try {
      const result = await task()
      this.#failing = undefined
      return result
    } catch (error) {
      const reason = error instanceof KmsFailed ? error.reason : 'kms-away'
      if (this.#failing?.reason !== reason)
        this.#log.warn('no data key can be had: records are taken while their chains have one', {
          reason: idOf(reason),
        })
      this.#failing = { reason, at: this.#steady() }
      throw error
    }
  }
}
