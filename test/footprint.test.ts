// The ceilings of what runs for long, by processes that leak and one that does not.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { footprintOf, outgrown } from './support/footprint.ts'

/** A process that does `each` when a line comes, and says when it did. */
async function aProcess(each: string): Promise<{ pid: number; next: () => Promise<void> }> {
  const code = `const kept = []; let n = 0; process.stdin.on('data', () => { n += 1; ${each}; process.stdout.write('.') }); process.stdout.write('.')`
  const child = spawn(process.execPath, ['-e', code], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return {
    pid: child.pid as number,
    next: async () => {
      child.stdin.write('.')
      await once(child.stdout, 'data')
    },
  }
}

test.each([
  ['nothing', 'kept.length', []],
  [
    'descriptors',
    "for (let i = 0; i < 100; i += 1) kept.push(require('node:fs').openSync('/dev/null'))",
    [expect.stringMatching(/^descriptors: \d+ in the middle, \d+ at the end$/)],
  ],
  // More in each round, so that what is filled once is none.
  [
    'memory',
    'kept.push(Buffer.alloc(n * 64 * 1024 * 1024, 1))',
    [expect.stringMatching(/^memory: \d+ in the middle, \d+ at the end$/)],
  ],
])('a process that leaks %s is told by what it has', async (_, each, found) => {
  const { pid, next } = await aProcess(each)
  await next()
  const middle = await footprintOf(pid, 2, 20)
  await next()
  const end = await footprintOf(pid, 2, 20)

  expect(outgrown(middle, end, 1.5)).toEqual(found)
})

test('what cannot be counted is above every ceiling', () => {
  const well = { memory: 1, descriptors: 1 }
  expect(outgrown(well, { memory: Number.NaN, descriptors: 1 }, 1.5)).toHaveLength(1)
})

test('a process that ended has no footprint', async () => {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  await expect(footprintOf(child.pid as number)).rejects.toThrow('ENOENT')
})
