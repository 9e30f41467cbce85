// A trail where it lies, as every command reads it. Nothing that a source gives is believed before it is verified.

import type { Finding } from '../verify/finding.ts'

/** A record's bytes. `ended` is false for a last line without its newline: it is cut off. */
export type Line = { bytes: Buffer; ended: boolean }

export type Heard = {
  /** Called once, when there is anything of the chain. */
  found?: () => void
  /** What is wrong with how the records lie, a sentence each. */
  wrong?: (says: string) => void
}

/** Where one record stands: its index in the chain; in a file of lines where its bytes begin, and how many they are. */
export type Spot = { index: number; from: number; length: number }

/** What a source says of itself. */
type Said = {
  /** `namespace/name`. */
  server: string
  /** Verifier key of the collector as witness; empty where the source has none. */
  witness: string
  /** RFC 3339, where it is a copy that was made at one time. */
  exported?: string
  /** Of its chains, the registry log among them. */
  origins: string[]
}

export interface TrailSource {
  /** As somebody named it, without a password. */
  readonly name: string
  /** Records come out of the archive, from segments whose hashes are those of the registry log. */
  readonly segments?: true
  /** Rejects with `CannotError` where there is no trail. */
  said(): Promise<Said>
  /** A chain's key or note; undefined where there is none. */
  text(origin: string, what: 'vkey' | 'checkpoint' | 'witnessed'): Promise<string | undefined>
  /** The records of a chain in order, none where there is no such chain. */
  records(origin: string, heard?: Heard): AsyncGenerator<Line>
  /** The file of lines that holds a chain, where one does: it can be read faster, and by place. */
  file(origin: string): Promise<string | undefined>
  /** Bytes that its chains have, as far as is known without reading them. */
  size(origins: readonly string[]): Promise<number>
  /** When a chain began, milliseconds since 1970; -Infinity where that is not known. For an order of reading, and nothing else. */
  began(origin: string): Promise<number>
  /** Whether single records of a chain can be read. */
  hasPlaces(origin: string): Promise<boolean>
  /** One record; undefined where it is not there. */
  recordAt(origin: string, spot: Spot): Promise<Buffer | undefined>
  /** What lies there besides these chains: put there by somebody, or their registration was taken away. */
  strays(origins: readonly string[]): Promise<Finding[]>
  /** Another text as soon as the trail is another. */
  state(): Promise<string>
  close(): Promise<void>
}
