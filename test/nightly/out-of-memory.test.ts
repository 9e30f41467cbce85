// A sidecar whose memory is used up, on a real node: two minutes for the stage, one for its end and its return.

import { beforeAll, describe } from 'vitest'
import type { Clinic } from '../demo/scene.ts'
import { buildStage } from '../e2e/parts/build.ts'
import { outOfMemory } from '../e2e/parts/out-of-memory.ts'

let clinic: Clinic | undefined
const stage = (): Clinic => {
  if (clinic === undefined) throw new Error('The clinic was not built: see the error of the set-up')
  return clinic
}

beforeAll(async () => {
  clinic = (await buildStage()).clinic
}, 900_000)

describe('a sidecar without memory', () => outOfMemory(stage))
