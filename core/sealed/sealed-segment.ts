// What the sealer hands to the archive: a segment that is whole and durable, and what the registry log says of it.

/** A sealed segment at rest. Its bytes never change. */
export type SealedSegment = {
  /** Of the chain. */
  origin: string
  /** Names the segment among all that were ever begun: the wrapping of its data key is bound to it. A UUID. */
  segment: string
  /** Index of the first record. */
  from: number
  /** Index after the last record. */
  to: number
  /**
   * Where it stands: the origin without its host, then the index of the first record in sixteen digits, so that names sort as
   * records do, `clinic/ehr/POD-UID/0/0000000000004096.sealed`. Letters of `[A-Za-z0-9./-]` only, no `..`.
   */
  name: string
  /** Length. */
  bytes: number
  /** SHA-256 of all bytes, lower-case hexadecimal: the registry log's `sealed` record has the same. */
  sha256: string
  /** Identifier of the key that wrapped its data key. */
  keyId: string
  /** RFC 3339, UTC, milliseconds. */
  sealedAt: string
  /** The bytes, from the first, as often as asked. Rejects when the file is not there any more. */
  read: () => AsyncIterable<Buffer>
}

/** `SealedSegment.name`. */
export function nameOfSealed(origin: string, from: number): string {
  return `${origin.slice(origin.indexOf('/') + 1)}/${String(from).padStart(16, '0')}.sealed`
}
