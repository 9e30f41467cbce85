// What a hostile server may make the search of texts cost: no more than a result that may leave has text.

import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { Returns } from '../../../core/policy.ts'
import { withValue } from '../../support/mcp-server.ts'
import { aCall } from '../../support/message.ts'
import { aPolicy, aTool, someLimits } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
beforeAll(async () => {
  scene = await aScene()
})
afterAll(async () => await scene.end())
afterEach(() => {
  scene.forget()
  expect(scene.faults.splice(0)).toEqual([])
})

const resultBytes = 10_000
const note = (length: number): string => 'Mr. Harlan Okafor was seen for a cough. '.repeat(length / 40)

const ways: { way: string; returns: Partial<Returns> }[] = [
  { way: 'cut where it lies', returns: {} },
  { way: 'taken apart as a value', returns: { pseudonyms: ['/id'] } },
]
for (const { way, returns } of ways)
  verifies('access:limits', `texts are searched up to four times the bytes of a result: ${way}`, async () => {
    const whole: Returns = { fields: ['/notes'], patients: [], text: 'Drop', media: 'Drop', ...returns }
    const limits = someLimits({ resultBytes })
    scene.use(aPolicy({ tools: [aTool({ returns: whole, limits })] }))
    const asked = async (length: number) => {
      scene.upstream.answering = withValue({
        id: 'mrn-1',
        notes: ['all is well', note(length), note(length + 40)],
      })
      return (await scene.ask(aCall())).text
    }

    expect(await asked(resultBytes)).toContain('all is well')
    expect(await asked(2 * resultBytes)).toContain('result-too-large')
  })
