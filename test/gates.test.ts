// Gates of the repository itself: claims have tests, arrows point one way, stages keep their order.

import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'
import { claimsInTests, sourcesBelow, textOf } from './claims.ts'
import { type Requirement, requirements } from './requirements.ts'

const root = join(import.meta.dirname, '..')

test('every requirement that is claimed has a test, and every test names a requirement that exists', async () => {
  const claims = await claimsInTests()

  const claimed = Object.entries(requirements as Record<string, Requirement>).filter(
    ([, { state }]) => state !== 'planned',
  )

  expect(claimed.map(([id]) => id).filter((id) => !claims.has(id))).toEqual([])
  expect([...claims.keys()].filter((id) => !Object.hasOwn(requirements, id))).toEqual([])
})

/** Who may import whom. `crds <- core <- programs`; programs never import each other. */
const arrows: { [folder: string]: readonly string[] } = {
  crds: ['crds', 'core'],
  core: ['crds', 'core'],
  sidecar: ['crds', 'core', 'sidecar'],
  operator: ['crds', 'core', 'operator'],
  collector: ['crds', 'core', 'collector'],
  cli: ['crds', 'core', 'cli'],
}

test('imports point one way: crds <- core <- operator, sidecar, collector, cli', async () => {
  const wrong: string[] = []
  for (const [folder, allowed] of Object.entries(arrows)) {
    for (const file of await sourcesBelow(folder)) {
      for (const [, target] of (await textOf(file)).matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)) {
        const to = normalize(join(dirname(file), target as string)).split('/')[0] as string
        if (to !== 'package.json' && !allowed.includes(to)) wrong.push(`${file} imports ${target}`)
      }
    }
  }

  expect(wrong).toEqual([])
})

test('core does no I/O and reads no clock', async () => {
  const forbidden =
    /from 'node:(fs|net|http|https|tls|dns|child_process|fs\/promises)'|\bDate\.now\(|new Date\(\)|performance\.now|\bprocess\.\w/
  const wrong: string[] = []
  for (const file of await sourcesBelow('core')) if (forbidden.test(await textOf(file))) wrong.push(file)

  expect(wrong).toEqual([])
})

test('nothing in the repository names a machine path or is unfinished', async () => {
  const tracked = spawnSync('git', ['ls-files', '*.ts', '*.md', '*.yaml', '*.go', '*.sh', 'Makefile'], {
    cwd: root,
    encoding: 'utf8',
  })
  const wrong: string[] = []
  for (const file of tracked.stdout
    .split('\n')
    .filter((name) => name !== '' && name !== 'test/gates.test.ts')) {
    const text = await textOf(file).catch(() => '')
    if (/\/work\/|\b(TODO|FIXME|XXX|HACK)\b/.test(text)) wrong.push(file)
  }

  expect(wrong).toEqual([])
})

/** Compiles a text that stands where the pipeline stands, so that its imports are the real ones. */
async function compiles(text: string): Promise<{ ok: boolean; says: string }> {
  const folder = await mkdtemp(join(root, 'sidecar', '.order-'))
  try {
    await writeFile(join(folder, 'pipeline.ts'), text.replaceAll("'./", "'../"))
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.json', include: ['pipeline.ts'] }),
    )
    const run = spawnSync(join(root, 'node_modules/.bin/tsc'), ['--noEmit', '-p', folder], {
      encoding: 'utf8',
    })
    return { ok: run.status === 0, says: run.stdout }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

test('stages out of order, and a stage left out, do not compile', { timeout: 120_000 }, async () => {
  const text = await textOf('sidecar/pipeline.ts')
  const lines = text.split('\n')
  const stages = lines.flatMap((line, at) => (/^\s+\.stage\(/.test(line) ? [at] : [])).slice(0, 7)
  expect(stages).toHaveLength(7)
  const swapped = (i: number) =>
    lines
      .map(
        (line, at) =>
          (at === stages[i]
            ? lines[stages[i + 1] as number]
            : at === stages[i + 1]
              ? lines[stages[i] as number]
              : line) as string,
      )
      .join('\n')
  const without = (i: number) => lines.filter((_, at) => at !== stages[i]).join('\n')

  expect((await compiles(text)).says).toBe('')
  // Every neighbouring pair, and every single stage: one that compiles would be a control that can be skipped.
  const kept: string[] = []
  for (let i = 0; i < 6; i++)
    if ((await compiles(swapped(i))).ok) kept.push(`stages ${i + 1} and ${i + 2} swapped`)
  for (let i = 0; i < 7; i++) if ((await compiles(without(i))).ok) kept.push(`stage ${i + 1} left out`)

  expect(kept).toEqual([])
})
