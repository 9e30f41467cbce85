import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { folderSource } from '../../../cli/trail/folder-source.ts'
import { earlierIn } from '../../../cli/verify/earlier.ts'
import { checkExport } from '../../../cli/verify/export-check.ts'
import { verifies } from '../../verifies.ts'
import { pathIn } from '../an-export.ts'
import { tiled } from './a-long-trail.ts'
import { mutations } from './mutations.ts'

verifies('integrity:chain', 'of a log of tiles, nothing that was done to it passes', async () => {
  const made = await tiled()
  const kept = `${made.tiles}.kept`
  cpSync(made.tiles, kept, { recursive: true })
  const found = async (which: 'newest' | 'early'): Promise<string[]> => {
    const earlier = await earlierIn(
      pathIn(which === 'newest' ? made.folder : made.early, made.long.origin, 'checkpoint'),
    )
    const report = await checkExport({
      source: folderSource(made.tiles),
      witness: made.witness,
      earlier,
      read: () => undefined,
    })
    return report.findings.filter(({ where }) => where === made.long.origin).map(({ says }) => says)
  }

  expect([await found('early'), await found('newest')]).toEqual([[], []])
  expect(mutations.length).toBeGreaterThanOrEqual(12)
  for (const mutation of mutations) {
    mutation.change(made)
    expect((await found(mutation.kept ?? 'early')).join('\n'), mutation.title).toMatch(mutation.found)
    rmSync(made.tiles, { recursive: true })
    cpSync(kept, made.tiles, { recursive: true })
  }
  expect(await found('early')).toEqual([])
  rmSync(join(kept), { recursive: true })
})
