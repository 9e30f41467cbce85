import { expect, test } from 'vitest'
import { ConnectionEnding, type Ending } from '../../../sidecar/egress/ending.ts'
import { EgressRefusal } from '../../../sidecar/egress/reasons.ts'

const over = new EgressRefusal('agreement-over')
/** Both kinds, and how each is told. */
const kinds: { [kind: string]: () => [Ending, (reason: EgressRefusal) => void] } = {
  'of a connection': () => {
    const ending = new ConnectionEnding()
    return [ending, (reason) => ending.abort(reason)]
  },
  'of a signal': () => {
    const controller = new AbortController()
    return [controller.signal, (reason) => controller.abort(reason)]
  },
}

for (const [kind, made] of Object.entries(kinds))
  test(`an ending ${kind} tells once whoever waits still, and keeps its first reason`, () => {
    const [ending, abort] = made()
    const told: string[] = []
    const left = (): void => void told.push('left')
    ending.addEventListener('abort', () => told.push('waits'))
    ending.addEventListener('abort', left)
    ending.removeEventListener('abort', left)
    ending.throwIfAborted()
    expect(ending.aborted).toBe(false)

    abort(over)
    abort(new EgressRefusal('hung-up'))

    expect(told).toEqual(['waits'])
    expect(ending.aborted).toBe(true)
    expect(ending.reason).toBe(over)
    expect(() => ending.throwIfAborted()).toThrow(over)
  })
