// The official suites through a sidecar in a pod: what a conforming server and a conforming client may count on stays so.

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildPods, removePods } from '../../conformance/cluster.ts'
import { differences, explain } from '../../conformance/compare.ts'
import { explanations } from '../../conformance/explained.ts'
import { serveFixtures } from '../../conformance/fixtures/serve.ts'
import { differencesTable } from '../../conformance/report.ts'
import { runsIn } from '../../conformance/runs.ts'
import type { Stage } from './stage.ts'

const folder = join(import.meta.dirname, '..', '..', '..', 'out', 'e2e-conformance')

export function conformance(stage: Stage): void {
  test('what the official suites score is found through a pod’s sidecar as it is without one', async () => {
    const { run } = runsIn(folder, (line) => console.log(`    ${line}`))
    const fixtures = await serveFixtures({ host: '127.0.0.1', port: 0 })
    // The pods start meanwhile, which is waiting for the most part.
    const [bare, pods] = await Promise.all([run('bare', fixtures.url), buildPods(stage())])
    try {
      const through = await run('through', pods.guarded)
      const { unexplained } = explain(differences(bare, through), explanations)
      const scored = unexplained.filter((difference) => difference.scored)

      expect(bare.filter((row) => row.scored).length).toBeGreaterThan(150)
      expect(scored, differencesTable(scored.map((difference) => ({ difference })))).toEqual([])
    } finally {
      await Promise.all([pods.close(), fixtures.close()])
      await removePods(stage())
    }
  })
}
