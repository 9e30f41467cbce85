// What the collector asks of its store. Implementations: embedded.ts (files on the collector's own encrypted volume),
// postgres.ts and kafka/kafka.ts, which several collectors share: each chain is then one collector's at a time.

/** Who a chain is, as it stood when it began. */
export type Head = { origin: string /** C2SP verifier key of the chain. */; vkey: string }

export type StoredChain = Head & { /** Newest cosigned note, if there is one. */ checkpoint?: string }

/** What other collectors did. `lost`: one of them took a chain that was ours. */
export type News = { origin: string } & (
  | { kind: 'lost' }
  | { kind: 'records'; from: number; records: readonly Buffer[] }
  /** More was committed than is told here: read on from what is known. */
  | { kind: 'more' }
  | { kind: 'checkpoint'; note: string }
)

/**
 * What is committed never changes and never goes. A rejected call leaves open whether it took effect: the caller reads
 * the store before it goes on (a commit may have reached the disk though its answer did not reach us).
 * Calls for one chain come one after the other; chains may go side by side.
 */
export interface Store {
  /** Several collectors may have it open at once. Where they may not, every chain is ours from the start. */
  readonly shared: boolean
  /** Every chain that was begun. */
  chains(): Promise<StoredChain[]>
  /** One chain as it stands now; undefined when it was never begun. */
  find(origin: string): Promise<StoredChain | undefined>
  /** Resolves when the chain would survive power loss; it is ours then. To false when there is one of this origin. */
  begin(head: Head): Promise<boolean>
  /**
   * Makes a chain ours, whoever had it: from when this resolves nobody else's commit to it counts, and none of our own
   * whose outcome is not known. What stands there is to be read after it.
   */
  claim(origin: string): Promise<void>
  /**
   * Resolves when the records would survive power loss. `from` is the index of the first. Rejects with `Fenced` when the
   * chain is not ours (any more): nothing of it counts then.
   */
  append(origin: string, from: number, records: readonly Buffer[]): Promise<void>
  /**
   * Records from index `from` up to, not including, `to`; without `to` all that are there. Throws `Corrupt` when what is
   * there is not what was committed.
   */
  read(origin: string, from: number, to?: number): AsyncIterable<Buffer[]>
  /**
   * What other collectors did since this was last asked, to the chains that are not ours (`sizes`: how many of their
   * records were read), and to those that were. A chain's records come before a checkpoint that covers them.
   */
  follow(sizes: ReadonlyMap<string, number>): AsyncIterable<News>
  /** Resolves when the note would survive power loss. It replaces the chain's former one as a whole. Rejects like `append`. */
  saveCheckpoint(origin: string, note: string): Promise<void>
  /** Resolves when the text would survive power loss. It replaces the former one of that name as a whole. */
  saveNote(name: string, text: string): Promise<void>
  /** What was saved under that name; undefined when nothing was. */
  note(name: string): Promise<string | undefined>
  /** The private key of that name (PKCS #8, PEM); `make` is called once in the store's life. */
  key(name: string, make: () => string): Promise<string>
  /** Nothing comes for this chain for some time: what is held open for it may be let go. */
  release(origin: string): Promise<void>
  /** Resolves when a commit would work now. Rejects with the reason. */
  probe(): Promise<void>
  /** Finishes what runs and lets go. */
  close(): Promise<void>
}

/**
 * Why the store cannot commit now, kebab-case: shown by `/readyz`. `poisoned`: what the disk holds is not known any more
 * and this process must end; the next one reads it afresh.
 */
export class StoreFailed extends Error {
  readonly reason: string
  readonly poisoned: boolean
  constructor(reason: string, says: string, options: { cause?: unknown; poisoned?: boolean } = {}) {
    super(says, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'StoreFailed'
    this.reason = reason
    this.poisoned = options.poisoned ?? false
  }
}

/** What the store holds is not what was committed: somebody or something changed it. */
export class Corrupt extends Error {
  readonly origin: string
  constructor(origin: string, says: string) {
    super(`${says} [${origin}]`)
    this.name = 'Corrupt'
    this.origin = origin
  }
}

/** Another collector has the chain now: nothing of what was asked for took effect. */
export class Fenced extends Error {
  readonly origin: string
  constructor(origin: string) {
    super(`Another collector has this chain now [${origin}]`)
    this.name = 'Fenced'
    this.origin = origin
  }
}
