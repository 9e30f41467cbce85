import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { wholeFolder } from '../../cli/whole-folder.ts'
import { aFolder } from '../collector/a-trail.ts'

test('a file that stands where the folder should is not lost', async () => {
  const file = join(aFolder(), 'notes.txt')
  writeFileSync(file, 'mine')

  await expect(wholeFolder(file, async () => undefined)).rejects.toThrow(/not empty/)
  expect(readFileSync(file, 'utf8')).toBe('mine')
})

test('an empty folder, and none, become the new one', async () => {
  for (const folder of [aFolder(), join(aFolder(), 'deep/er')]) {
    await wholeFolder(folder, async (partial) => writeFileSync(join(partial, 'made'), ''))
    expect(existsSync(join(folder, 'made'))).toBe(true)
  }
})
