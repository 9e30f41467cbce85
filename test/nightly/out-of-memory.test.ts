// A sidecar whose memory is used up, on a real node: two minutes for the stage, one for its end and its return.

import { describe } from 'vitest'
import { builtClinic } from '../e2e/parts/build.ts'
import { outOfMemory } from '../e2e/parts/out-of-memory.ts'

const stage = builtClinic()

describe('a sidecar without memory', () => outOfMemory(stage))
