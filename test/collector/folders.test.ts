import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

test('a folder that is root’s and ours by its group alone, as a mounted volume is, can be synced', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hipaa-mcp-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  chownSync(folder, 0, 64102)
  chmodSync(folder, 0o2775)
  const files = join(import.meta.dirname, '../../collector/commit/files.ts')
  const program = `const { syncFolder } = await import(${JSON.stringify(files)})
    process.setgroups([]); process.setgid(64102); process.setuid(64102)
    await Promise.all([1, 2, 3].map(() => syncFolder(${JSON.stringify(folder)})))
    process.stdout.write('synced')`
  expect(execFileSync(process.execPath, ['--input-type=module', '-e', program]).toString()).toBe('synced')
  expect(readdirSync(folder)).toEqual([])
})
