// What a lost pod left on its own volume, on a real node: two minutes for the stage, one for the loss and its recovery.

import { describe } from 'vitest'
import { builtClinic } from '../e2e/parts/build.ts'
import { acknowledge } from '../e2e/parts/local.ts'
import { lostPod } from '../e2e/parts/lost-pod.ts'

const stage = builtClinic(
  async (built) =>
    await acknowledge(built, {
      acknowledge: 'Local',
      volume: { storageClassName: 'encrypted', size: '256Mi' },
    }),
)

describe('a pod that is lost', () => lostPod(stage))
