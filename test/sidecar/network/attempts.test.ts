import { expect } from 'vitest'
import { openOf, reaches } from '../../../sidecar/network/attempts.ts'
import { verifies } from '../../verifies.ts'

/** What each attempt at an address comes to, the last for ever. */
function network(says: { [address: string]: boolean[] }) {
  const asked: string[] = []
  return {
    asked,
    connect: async (address: string) => {
      const turn = asked.filter((one) => one === address).length
      asked.push(address)
      const outcomes = says[address] ?? []
      return outcomes[Math.min(turn, outcomes.length - 1)] ?? false
    },
  }
}

verifies('transit:network-proved', 'what is open only until the plugin knows the pod is no gap', async () => {
  const { connect } = network({ a: [true, true, false], b: [false] })

  expect(await openOf(['a', 'b'], connect, 0)).toEqual([])
})

verifies(
  'transit:network-proved',
  'a first refusal is not enough: the network may not be there yet',
  async () => {
    const { connect, asked } = network({ a: [false, true] })

    expect(await openOf(['a'], connect, 0)).toEqual([0])
    expect(asked.length).toBeGreaterThan(3)
  },
)

verifies('transit:network-proved', 'each place that stays open is named', async () => {
  const { connect } = network({ a: [true], b: [false], c: [true] })

  expect(await openOf(['a', 'b', 'c'], connect, 0)).toEqual([0, 2])
})

verifies('transit:network-proved', 'the control is waited for, and not for ever', async () => {
  expect(await reaches('a', network({ a: [false, false, true] }).connect, 0)).toBe(true)
  expect(await reaches('a', network({ a: [false] }).connect, 0)).toBe(false)
})
