import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CannotError } from '../../cli/command.ts'
import { unseal } from '../../cli/trail-unseal.ts'
import { aFolder } from '../collector/a-trail.ts'
import { dataKey, records, sealedVector } from '../core/sealed/vector.ts'

const text = records.map((record) => `${String(record)}\n`).join('')

const ask = async (): Promise<Buffer> => Buffer.from(dataKey)

async function scene(): Promise<{ segment: string; output: string; bytes: Buffer }> {
  const folder = aFolder()
  const bytes = await sealedVector()
  writeFileSync(join(folder, 'one.sealed'), bytes)
  return { segment: join(folder, 'one.sealed'), output: join(folder, 'records.ndjson'), bytes }
}

test('records come out one a line, for their owner’s eyes, and the header asks for their key', async () => {
  const { segment, output } = await scene()
  const asked: unknown[] = []

  const read = await unseal([segment, segment], output, async ({ origin, segment: name, keyId }) => {
    asked.push([origin.split('/').at(-2), name, keyId])
    return Buffer.from(dataKey)
  })

  expect(readFileSync(output, 'utf8')).toBe(text + text)
  expect(statSync(output).mode & 0o777).toBe(0o600)
  expect(read).toMatchObject([
    { from: 4096, to: 4100, keyId: 'file:test' },
    { from: 4096, to: 4100 },
  ])
  expect(asked[0]).toEqual([
    '00000000-0000-4000-8000-000000000001',
    '00000000-0000-4000-8000-0000000000aa',
    'file:test',
  ])
})

test('of a segment that was changed, or that has another key, no file is left', async () => {
  const { segment, output, bytes } = await scene()
  const changed = Buffer.from(bytes)
  changed[bytes.length - 100] = (changed[bytes.length - 100] as number) ^ 1
  const refitted = Buffer.concat([
    changed.subarray(0, -32),
    createHash('sha256').update(changed.subarray(0, -32)).digest(),
  ])
  for (const [wrong, key] of [
    [bytes, Buffer.alloc(32, 1)],
    [refitted, dataKey],
    [bytes.subarray(0, -40), dataKey],
    [Buffer.from('hello\n'), dataKey],
  ] as const) {
    writeFileSync(segment, wrong)
    await expect(unseal([segment], output, async () => Buffer.from(key))).rejects.toThrow(CannotError)
    expect(existsSync(output)).toBe(false)
  }
})

test('a file that is there is not written over, and a segment that is not there is named', async () => {
  const { segment, output } = await scene()
  await expect(unseal([`${segment}.not`], output, ask)).rejects.toThrow(/one\.sealed\.not is not there/)
  writeFileSync(output, 'mine')

  await expect(unseal([segment], output, ask)).rejects.toThrow(/exists: name a new file/)
  expect(readFileSync(output, 'utf8')).toBe('mine')
})
