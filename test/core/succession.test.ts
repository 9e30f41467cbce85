import { expect, test } from 'vitest'
import { Succession } from '../../core/succession.ts'
import { originOf } from '../../core/wire.ts'

type Chain = { origin: string; before?: Chain }

/** Pod and number. */
const name = (origin: string): string => origin.split('/').slice(-2).join('/')

const chains = (...places: readonly [pod: string, number: number][]): { [place: string]: string } => {
  const succession = new Succession<Chain>()
  const before: { [place: string]: string } = {}
  for (const [pod, number] of places) {
    const chain: Chain = { origin: originOf('clinic', 'ehr', pod, number) }
    succession.enter(chain)
    before[`${pod}/${number}`] = chain.before === undefined ? 'none' : name(chain.before.origin)
  }
  return before
}

test('a chain succeeds the one of its own pod that has the number below, and a first one none', () => {
  expect(chains(['a', 0], ['b', 0], ['a', 1], ['b', 1], ['a', 2])).toEqual({
    'a/0': 'none',
    'b/0': 'none',
    'a/1': 'a/0',
    'b/1': 'b/0',
    'a/2': 'a/1',
  })
})

test('numbers that nobody was told of are passed over', () => {
  expect(chains(['a', 2], ['a', 9], ['a', 10])).toEqual({ 'a/2': 'none', 'a/9': 'a/2', 'a/10': 'a/9' })
})

test('of two that began at once, each succeeds what was registered before it and has a number below', () => {
  expect(chains(['a', 0], ['a', 2], ['a', 1], ['a', 3])).toEqual({
    'a/0': 'none',
    'a/2': 'a/0',
    'a/1': 'a/0',
    'a/3': 'a/2',
  })
})
