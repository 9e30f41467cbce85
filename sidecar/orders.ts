// What is in force. Orders come whole, are judged whole and swapped whole, or the server locks. A lock counts at once; a
// permit counts only after the trail has acknowledged which policy it is (45 CFR 164.312(b)), so that no call is ever
// decided by a policy that the trail does not name.

import { backoff } from '../core/backoff.ts'
import { keepAgreements } from './agreements.ts'
import { keepGrants } from './grants.ts'
import type { Orders, Standing } from './in-force.ts'
import { OrdersJudge, type PodSettings, readOrders, type Verdict } from './judge-orders.ts'
import { codeOf, idOf, type Log } from './log.ts'
import { pause } from './pause.ts'
import { keepRevocations } from './revocations.ts'
import type { EntryOf } from './trail/trail.ts'

export type OrdersOptions = {
  pod: PodSettings
  /** Resolves when the record would survive power loss. `profile` is the policy's: the chain's first record says it. */
  record: (entry: EntryOf<'orders'>, profile: string) => Promise<void>
  log: Log
  /** Milliseconds since 1970. */
  clock?: () => number
  /** Milliseconds of a clock that nobody can set. */
  monotonic?: () => number
}

export interface OrdersKeeper extends Orders {
  /** Data of an `orders` event. Never throws. */
  hear(data: string): void
  /** The operator says that its orders are current. */
  heartbeat(): void
  /** The newest generation heard; 0 before the first. */
  generation(): number
  /** Milliseconds since the operator was heard; undefined before the first time. */
  age(): number | undefined
  stop(): void
}

/** Under these locks, what was said of agreements no longer counts either. */
const untrusted: ReadonlySet<string> = new Set([
  'no-orders',
  'orders-too-old',
  'orders-older',
  'policy-invalid',
])

export function keepOrders(options: OrdersOptions): OrdersKeeper {
  const { log, clock = Date.now, monotonic = () => performance.now() } = options
  const judge = new OrdersJudge(options.pod)
  const listeners = new Set<() => void>()
  const over = new AbortController()
  const clocks = { wall: clock, steady: monotonic }
  const agreements = keepAgreements(clocks, tell)
  const grants = keepGrants(clocks)
  const revocations = keepRevocations(clocks)
  let verdict: Verdict = { locked: 'no-orders' }
  let standing: Standing = { locked: 'no-orders' }
  // Decisions are numbered, so that an acknowledgement that comes late never undoes a later decision.
  let decided = { turn: 0, says: 'no-orders' }
  let applied = 0
  let newest = 0
  let heard: number | undefined
  let timer: NodeJS.Timeout | undefined

  function tooOld(): boolean {
    const seconds = verdict.inForce?.policy.maxPolicyAgeSeconds
    return seconds !== undefined && heard !== undefined && monotonic() - heard > seconds * 1000
  }

  function wanted(): Standing {
    const { locked, inForce } = verdict
    if (inForce !== undefined && locked === undefined && !tooOld()) return { inForce }
    return { locked: locked ?? 'orders-too-old', ...(inForce === undefined ? {} : { inForce }) }
  }

  /**
   * Acts on what is wanted now: a lock at once, a permit when the trail has it, the same again without a record. Returns
   * whether that is a new decision.
   */
  function decide(): boolean {
    const next = wanted()
    const says = JSON.stringify([next.inForce?.hash, next.inForce?.generation, next.locked])
    if (says === decided.says) {
      // Only keys, key sets or agreements differ: the trail has said all that there is to say.
      if (applied === decided.turn) standing = next
      return false
    }
    decided = { turn: decided.turn + 1, says }
    if (next.locked !== undefined) apply(next)
    record(next, decided.turn).catch((error: unknown) => {
      if (!over.signal.aborted) log.error('Recording the orders ended early', { error: codeOf(error) })
    })
    return true
  }

  async function record(next: Standing, turn: number): Promise<void> {
    const { inForce, locked } = next
    const entry: EntryOf<'orders'> = {
      kind: 'orders',
      generation: newest,
      policy: inForce?.hash ?? '',
      ...(inForce === undefined ? {} : { profile: inForce.policy.profile }),
      ...(locked === undefined ? {} : { locked }),
      breach: inForce?.policy.breach ?? [],
    }
    for (let attempt = 0; turn === decided.turn && !over.signal.aborted; attempt += 1) {
      try {
        await options.record(entry, inForce?.policy.profile ?? 'Unknown')
        break
      } catch (error) {
        log.warn('The trail did not take the orders yet', {
          error: codeOf(error),
          generation: newest,
          attempt,
        })
      }
      await pause(backoff(attempt, 200, 2_000), over.signal)
    }
    if (turn !== decided.turn || over.signal.aborted || locked !== undefined) return
    // As of now: keys may have changed meanwhile, and orders may have become too old.
    apply(wanted())
    tell()
  }

  function apply(next: Standing): void {
    applied = decided.turn
    standing = next
    const { inForce, locked } = next
    log.info(locked === undefined ? 'Orders are in force' : 'The server is locked', {
      ...(locked === undefined ? {} : { reason: idOf(locked) }),
      ...(inForce === undefined ? {} : { policy: idOf(inForce.hash), generation: inForce.generation }),
    })
  }

  function tell(): void {
    for (const listener of listeners) listener()
  }

  function redecide(): void {
    if (decide()) tell()
  }

  /** The operator was heard at this moment. */
  function isCurrent(): void {
    heard = monotonic()
    clearTimeout(timer)
    const seconds = verdict.inForce?.policy.maxPolicyAgeSeconds
    if (seconds === undefined || over.signal.aborted) return
    timer = setTimeout(redecide, Math.min(seconds * 1000 + 5, 2 ** 31 - 1))
    timer.unref()
  }

  return {
    standing() {
      // The clock itself: timers are late when the process was stopped.
      if (standing.locked === undefined && tooOld())
        return { locked: 'orders-too-old', inForce: standing.inForce }
      return standing
    },
    agreementActive(name) {
      const { locked } = this.standing()
      return (locked === undefined || !untrusted.has(locked)) && agreements.active(name)
    },
    revoked: (shown, authorization) => revocations.of(shown, authorization),
    grant: (person, patients) => grants.of(person, patients),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    hear(data) {
      if (over.signal.aborted) return
      const wire = readOrders(data)
      const { inForce } = verdict
      const kept = inForce === undefined ? {} : { inForce }
      if (wire === undefined) verdict = { locked: 'policy-invalid', ...kept }
      // Strictly less: content may change at an equal generation. What an older one says is looked at no further.
      else if (wire.generation < newest) verdict = { locked: 'orders-older', ...kept }
      else {
        newest = wire.generation
        verdict = judge.judge(wire)
        if (verdict.locked !== 'policy-invalid') {
          agreements.set(wire.agreements)
          grants.set(wire.grants)
          revocations.set(wire.revocations)
          isCurrent()
        }
      }
      decide()
      tell()
    },
    heartbeat() {
      // Before any orders it is about nothing.
      if (heard === undefined || over.signal.aborted) return
      isCurrent()
      redecide()
    },
    generation: () => newest,
    age: () => (heard === undefined ? undefined : monotonic() - heard),
    stop() {
      over.abort()
      clearTimeout(timer)
      agreements.stop()
    },
  }
}
