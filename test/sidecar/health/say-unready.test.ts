import { expect, test } from 'vitest'
import type { Log } from '../../../sidecar/log.ts'
import { sayUnready } from '../../../sidecar/say-unready.ts'

function scene() {
  const lines: string[] = []
  const log = {
    info: (message: string) => lines.push(message),
    warn: (message: string, { reason }: { reason: string }) => lines.push(`${message}: ${reason}`),
  } as unknown as Log
  let at = 0
  let found: string[] = []
  const asked = sayUnready(
    () => found,
    log,
    () => at,
  )
  /** Asked at that moment, when these are the reasons. */
  const ask = (milliseconds: number, ...reasons: string[]): readonly string[] => {
    at = milliseconds
    found = reasons
    return asked()
  }
  return { ask, lines }
}
const not = 'This pod is not ready, so it gets no calls'

test('why a pod is not ready stands in its log when it lasts, once for each change', () => {
  const { ask, lines } = scene()

  expect(ask(0, 'no-certificate', 'no-policy')).toEqual(['no-certificate', 'no-policy'])
  ask(2_999, 'no-certificate', 'no-policy')
  expect(lines).toEqual([])

  ask(3_000, 'no-certificate', 'no-policy')
  ask(9_000, 'no-certificate', 'no-policy')
  ask(10_000, 'no-policy')
  ask(11_000)
  expect(lines).toEqual([`${not}: no-certificate+no-policy`, `${not}: no-policy`, 'This pod is ready'])
})

test('a start that goes as it should is not spoken of, and neither is a moment later on', () => {
  const { ask, lines } = scene()

  ask(0, 'no-certificate')
  ask(900)
  ask(60_000, 'trail-waits')
  ask(61_000)
  ask(90_000, 'trail-waits')

  expect(lines).toEqual([])
})
