// How clients ask a broker to keep something: read out of what those of this process hand to TLS, and out of what a broker has.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { onTestFinished, vi } from 'vitest'

/** `acks`: -1 for all replicas that are in sync. `producer`: -1n for one that the broker does not know when it repeats itself. */
export type Produced = { acks: number; producer: bigint; sequence: number }

const produce = 0
/** From this one on lengths are compact, and a request ends its head with tagged fields. */
const compact = 9
/** Those after it name topics by identifiers. */
const byName = 12
/** Of a batch, bytes before them (Kafka, Message Format, RecordBatch). */
const at = { producer: 43, sequence: 53 }

/** Tells what was asked since, until the test ends. */
export function listening(): () => Produced[] {
  // A TLS socket of Node's takes no other `write` than that of every duplex.
  const write = vi.spyOn(Duplex.prototype, 'write')
  onTestFinished(() => write.mockRestore())
  // A request is written at once: its length, and then as much.
  return () =>
    write.mock.calls
      .map(([bytes]) => bytes as unknown)
      .filter((bytes, call) => write.mock.contexts[call] instanceof TLSSocket && Buffer.isBuffer(bytes))
      .map((bytes) => bytes as Buffer)
      .filter((bytes) => bytes.length > 8 && bytes.readInt32BE() === bytes.length - 4)
      .filter((bytes) => bytes.readInt16BE(4) === produce)
      .flatMap(producedIn)
}

function producedIn(request: Buffer): Produced[] {
  const version = request.readInt16BE(6)
  if (version < compact || version > byName) throw new Error(`A Produce request of version ${version}`)
  let next = 12
  const skip = (bytes: number): number => (next += bytes) - bytes
  const varint = (): number => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = request.readUInt8(skip(1))
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  skip(request.readInt16BE(skip(2)))
  varint()
  skip(Math.max(0, varint() - 1))
  const acks = request.readInt16BE(skip(2))
  skip(4)
  const found: Produced[] = []
  for (let topics = varint(); topics > 1; topics--) {
    skip(varint() - 1)
    for (let partitions = varint(); partitions > 1; partitions--) {
      skip(4)
      const batch = skip(varint() - 1)
      found.push({
        acks,
        producer: request.readBigInt64BE(batch + at.producer),
        sequence: request.readInt32BE(batch + at.sequence),
      })
      varint()
    }
    varint()
  }
  return found
}

/** Producers of the first batch in each partition that a broker has of a store, out of its own files. */
export function producersIn(data: string, prefix: string): bigint[] {
  return readdirSync(data)
    .filter((folder) => folder.startsWith(`${prefix}-`))
    .map((folder) => readFileSync(join(data, folder, '00000000000000000000.log')))
    .filter((log) => log.length > at.sequence)
    .map((log) => log.readBigInt64BE(at.producer))
}
