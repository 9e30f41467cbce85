// The copies that the configuration asks for, each on its own: one that is away keeps no other from going on, and no record.

import { setTimeout as sleep } from 'node:timers/promises'
import type { CopyReport } from '../../core/copies.ts'
import { idOf, type Log } from '../log.ts'
import { alone, type Sending, type Told } from '../sender.ts'
import { Copier, type CopierOptions, type Copyable } from './copier.ts'
import { forms } from './form.ts'
import { type Send, sendTo } from './send.ts'
import type { CopyTarget } from './settings.ts'

const pauseMs = 1_000
/** When the process ends, a request that runs has so long, and saving the place. */
const closeMs = 1_000

export type CopiesOptions = Pick<CopierOptions, 'pauses'> & {
  log: Log
  /** Between two looks for news, milliseconds. */
  pause?: number
  /** Milliseconds that a target has for its answer. */
  timeout?: number
  /** Milliseconds that a request has which runs when the process ends. */
  grace?: number
  /** Whether it is this collector that sends; absent where no other has the store. */
  sending?: Sending | undefined
}

type Copy = { copier: Copier; send: Send; close: () => Promise<void> }

export class Copies {
  readonly #copies: readonly Copy[]
  readonly #options: CopiesOptions
  readonly #sending: Sending

  constructor(targets: readonly CopyTarget[], trail: Copyable, options: CopiesOptions) {
    const { pauses, timeout, sending = alone } = options
    this.#options = options
    this.#sending = sending
    this.#copies = targets.map((target) => {
      const { name, as, since } = target
      const { send, close } = sendTo(target, timeout)
      const copier = new Copier({
        name,
        as,
        form: forms[as](),
        send,
        trail,
        stubbed: (origin, index) =>
          options.log.error('the target of a copy refuses a record, and has a stub in its place', {
            copy: idOf(name),
            origin: idOf(origin),
            index,
          }),
        ...(since === undefined ? {} : { since }),
        ...(pauses === undefined ? {} : { pauses }),
      })
      return { copier, send, close }
    })
  }

  /** Resolves when the signal aborts and each target's place is saved, as far as the store takes it. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#copies.map(async (copy) => await this.#runOne(copy, signal)))
  }

  async #runOne({ copier, close }: Copy, signal: AbortSignal): Promise<void> {
    const { pause = pauseMs, grace = closeMs } = this.#options
    const telling = setInterval(() => this.#tell(copier), 1_000).unref()
    const cut = new AbortController()
    const cutting = (): void => void setTimeout(() => cut.abort(), grace).unref()
    signal.addEventListener('abort', cutting)
    let ends: { tenure: AbortSignal; signal: AbortSignal; cut: AbortSignal } | undefined
    let heard: Told | undefined
    while (!signal.aborted) {
      const { tenure } = this.#sending
      const told = tenure === undefined ? this.#sending.heard() : undefined
      if (told !== undefined && told !== heard) {
        heard = told
        const said = told.copies.find(({ name }) => name === copier.name)
        if (said !== undefined) copier.heard(said)
      }
      if (tenure !== ends?.tenure) {
        // Another may have gone on meanwhile: how far the target is says the store.
        copier.letGo()
        ends = tenure && {
          tenure,
          signal: AbortSignal.any([signal, tenure]),
          cut: AbortSignal.any([cut.signal, tenure]),
        }
      }
      if (ends !== undefined) await copier.round(ends.signal, ends.cut)
      await sleep(pause, undefined, { signal }).catch(() => undefined)
    }
    clearInterval(telling)
    await Promise.race([copier.close(), sleep(closeMs, undefined, { ref: false })])
    await close()
  }

  readonly #said = new Map<Copier, string | undefined>()

  #tell(copier: Copier): void {
    const { log } = this.#options
    const { name, trouble: reason } = copier.report()
    // Of the others each knows by hearsay: the one that sends has it in its log.
    if (this.#sending.tenure === undefined || this.#said.get(copier) === reason) return
    this.#said.set(copier, reason)
    if (reason === undefined) log.info('a copy of the trail goes on', { copy: idOf(name) })
    else log.warn('a copy of the trail waits for its target', { copy: idOf(name), reason: idOf(reason) })
  }

  /** Of the one that sends, whichever it is; of none where nobody does. */
  reports(): readonly CopyReport[] {
    return this.#sending.tenure === undefined ? (this.#sending.heard()?.copies ?? []) : this.own()
  }

  /** As this collector sees it. */
  own(): CopyReport[] {
    return this.#copies.map(({ copier }) => copier.report())
  }

  /** What was sent since this process began. */
  counts(): { name: string; taken: number; refused: number }[] {
    return this.#copies.map(({ copier: { name, taken, refused } }) => ({ name, taken, refused }))
  }
}
