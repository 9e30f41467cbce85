import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { tidying } from './tidying.ts'

const nothing = async (): Promise<void> => await Promise.resolve()

test('the folder of a run is gone after it, and after one that failed', async () => {
  const seen: string[] = []
  await tidying(async (folder) => {
    seen.push(folder)
    expect(existsSync(folder)).toBe(true)
    await nothing()
  })
  const failing = tidying(async (folder) => {
    seen.push(folder)
    await nothing()
    throw new Error('a call failed')
  })

  await expect(failing).rejects.toThrow('a call failed')
  expect(seen.map((folder) => existsSync(folder))).toEqual([false, false])
})

test('a run that is interrupted ends what it started and leaves no file', async () => {
  const program = `
    import { start } from '${import.meta.dirname}/process.ts'
    import { tidying } from '${import.meta.dirname}/tidying.ts'
    await tidying(async (folder) => {
      const { pid, line } = start(0, 'sleep', ['60'])
      console.log(JSON.stringify({ folder, pid }))
      await line()
    })`
  const run = spawn(process.execPath, ['--input-type=module-typescript', '--eval', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const lines = createInterface({ input: run.stdout })
  const [line] = (await once(lines, 'line')) as [string]
  const { folder, pid } = JSON.parse(line) as { folder: string; pid: number }
  expect([existsSync(folder), existsSync(`/proc/${pid}`)]).toEqual([true, true])

  run.kill('SIGINT')
  const [code] = (await once(run, 'exit')) as [number]

  expect(code).toBe(130)
  expect([existsSync(folder), existsSync(`/proc/${pid}`)]).toEqual([false, false])
})
