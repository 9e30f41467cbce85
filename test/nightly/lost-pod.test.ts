// What a lost pod left on its own volume, on a real node: two minutes for the stage, one for the loss and its recovery.

import { beforeAll, describe } from 'vitest'
import type { Clinic } from '../demo/scene.ts'
import { buildStage } from '../e2e/parts/build.ts'
import { acknowledge } from '../e2e/parts/local.ts'
import { lostPod } from '../e2e/parts/lost-pod.ts'

let clinic: Clinic | undefined
const stage = (): Clinic => {
  if (clinic === undefined) throw new Error('The clinic was not built: see the error of the set-up')
  return clinic
}

beforeAll(async () => {
  clinic = (await buildStage()).clinic
  await acknowledge(stage, {
    acknowledge: 'Local',
    volume: { storageClassName: 'encrypted', size: '256Mi' },
  })
}, 900_000)

describe('a pod that is lost', () => lostPod(stage))
