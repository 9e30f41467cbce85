import { expect } from 'vitest'
import { keepCheckpoints } from '../../../sidecar/trail/checkpoints.ts'
import { verifies } from '../../verifies.ts'

verifies(
  'integrity:chain',
  'a chain that is idle is signed again and again, so that its silence is covered',
  async () => {
    const signed: string[] = []
    let size = 3
    const checkpoints = keepCheckpoints({
      chain: {
        get size() {
          return size
        },
        checkpoint: () => `of ${size}`,
      },
      home: { witness: async (note) => void signed.push(note) },
      onOver: () => undefined,
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      periods: { grown: 2, idle: 6, again: 2 },
    })
    await expect.poll(() => signed.length).toBeGreaterThanOrEqual(4)
    expect(new Set(signed)).toEqual(new Set(['of 3']))
    size = 4
    await expect.poll(() => signed.at(-1)).toBe('of 4')
    await checkpoints.close()
  },
)
