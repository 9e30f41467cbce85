// A bucket in memory that locks as S3 does, and fails as a server may: before it did what was asked, after, or by doing
// something else.

import { createHash } from 'node:crypto'
import type { Bucket, Lock } from '../../collector/archive/bucket.ts'
import type { BucketSeen } from '../../core/archive/bucket.ts'

type Version = { id: string; bytes: Buffer; lock?: Lock; held: boolean }
type Call = keyof Bucket

export type Fault = 'before' | 'after'

export class MemoryBucket implements Bucket {
  readonly objects: Map<string, Version[]> = new Map()
  readonly calls: Call[] = []
  /** Whether the server tells the SHA-256 of what it has. */
  tellsHash = true
  /** Does something else than what was asked, on a put. */
  garbles: ((version: Version) => Version) | undefined
  /** Asked at every call. */
  fault: (call: Call, key: string) => Fault | undefined = () => undefined
  #next = 0

  async put(
    key: string,
    body: Parameters<Bucket['put']>[1],
    said: Parameters<Bucket['put']>[2],
  ): Promise<string> {
    const chunks: Uint8Array[] = []
    for await (const chunk of body.read()) chunks.push(chunk)
    return await this.#do('put', key, () => {
      const version = {
        id: `v${this.#next++}`,
        bytes: Buffer.concat(chunks),
        lock: said.lock,
        held: said.hold === true,
      }
      this.add(key, this.garbles?.(version) ?? version)
      return version.id
    })
  }

  /** Whatever somebody else puts there. */
  add(key: string, version: Partial<Version>): string {
    const id = version.id ?? `v${this.#next++}`
    const whole = { bytes: Buffer.alloc(0), held: false, ...version, id }
    this.objects.set(key, [whole, ...(this.objects.get(key) ?? [])])
    return id
  }

  async versions(key: string): Promise<string[]> {
    return await this.#do('versions', key, () => (this.objects.get(key) ?? []).map(({ id }) => id))
  }

  async kept(key: string, version: string): ReturnType<Bucket['kept']> {
    return await this.#do('kept', key, () => {
      const found = this.#find(key, version)
      if (found === undefined) return undefined
      const sha256 = createHash('sha256').update(found.bytes).digest('hex')
      return {
        bytes: found.bytes.length,
        ...(found.lock === undefined ? {} : { lock: found.lock }),
        ...(this.tellsHash ? { sha256 } : {}),
      }
    })
  }

  async read(key: string, version: string): Promise<AsyncIterable<Uint8Array>> {
    return await this.#do(
      'read',
      key,
      async function* (this: MemoryBucket) {
        yield this.#find(key, version)?.bytes ?? Buffer.alloc(0)
      }.bind(this),
    )
  }

  async setLock(key: string, version: string, lock: Lock): Promise<void> {
    await this.#do('setLock', key, () => {
      const found = this.#find(key, version)
      if (found?.lock !== undefined && found.lock.until > lock.until) throw new Error('AccessDenied')
      if (found !== undefined) found.lock = lock
    })
  }

  async delete(key: string, version: string): Promise<void> {
    await this.#do('delete', key, () => {
      if (this.#find(key, version)?.lock !== undefined) throw new Error('AccessDenied')
      this.objects.set(
        key,
        (this.objects.get(key) ?? []).filter(({ id }) => id !== version),
      )
    })
  }

  async setHold(key: string, version: string, on: boolean): Promise<void> {
    await this.#do('setHold', key, () => {
      const found = this.#find(key, version)
      if (found !== undefined) found.held = on
    })
  }

  async isHeld(key: string, version: string): Promise<boolean> {
    return await this.#do('isHeld', key, () => this.#find(key, version)?.held === true)
  }

  #find(key: string, version: string): Version | undefined {
    return this.objects.get(key)?.find(({ id }) => id === version)
  }

  async #do<T>(call: Call, key: string, act: () => T): Promise<Awaited<T>> {
    this.calls.push(call)
    const fault = this.fault(call, key)
    if (fault === 'before') throw new Error('away')
    const done = await act()
    if (fault === 'after') throw new Error('away')
    return done
  }
}

/** A bucket in which nothing is wrong. */
export const sound: BucketSeen = {
  versioning: 'Enabled',
  lock: { enabled: true },
  public: false,
  compliance: 'refused',
  bypass: 'refused',
  configuration: 'refused',
}
