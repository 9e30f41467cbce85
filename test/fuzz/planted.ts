// Faults that stand there to be found: one behind conditions of which each is looked at only where the one before holds, which chance
// does not meet, one that takes long, and one that never ends.

import type { Target } from './loop.ts'

export const planted: { readonly [name: string]: Target } = {
  'planted fault': {
    seeds: [Buffer.from('nothing is here')],
    holds: (input) => {
      if (input[0] === 0x50) if (input[1] === 0x48) if (input[2] === 0x01) throw new Error('planted')
      return undefined
    },
  },
  'planted slowness': {
    seeds: [Buffer.from('s')],
    holds: (input) => {
      const before = process.threadCpuUsage()
      while (input[0] === 0x73 && process.threadCpuUsage(before).user < 1_200_000);
      return undefined
    },
  },
  'planted hang': {
    seeds: [Buffer.from('go on')],
    holds: (input) => {
      while (input[0] === 0x68);
      return undefined
    },
  },
}
