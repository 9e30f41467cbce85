// What a person outside of the cluster meets, on a server made for it.

import { afterAll, beforeAll } from 'vitest'
import { connect } from './connect.ts'
import { identity } from './identity.ts'
import { buildOutside, type Outside } from './outside.ts'
import type { Stage } from './stage.ts'

export function outsideOfTheCluster(stage: Stage): void {
  let built: Outside | undefined
  beforeAll(async () => (built = await buildOutside(stage)))
  afterAll(async () => await built?.end())
  const outside = (): Outside => {
    if (built === undefined) throw new Error('The server was not built: see the error of the set-up')
    return built
  }
  connect(stage, outside)
  identity(stage, outside)
}
