// What is kept on the machine: by whom it can be read, and when it counts.

import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { selfSigned } from '../../../cli/connect/keys.ts'
import { keepState, type Session } from '../../../cli/connect/state.ts'
import { newKey, pemOf } from '../../../core/csr.ts'

const url = 'https://ehr.example/mcp'
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hipaa-mcp-state-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function aSession(): Promise<Session> {
  const { key, cert } = await selfSigned(pemOf(newKey()))
  const tokens = { access: 'a', refresh: 'r', expires: Date.now() + 60_000 }
  return {
    issuer: 'https://login.example',
    client: 'c',
    binding: 'Certificate',
    key,
    certificate: cert,
    tokens,
  }
}

test('what is saved is loaded, for the same server and client alone', async () => {
  const session = await aSession()
  await keepState(folder, url, 'c').save(session)

  expect(await keepState(folder, url, 'c').load()).toEqual(session)
  expect(await keepState(folder, url, 'd').load()).toBeUndefined()
  expect(await keepState(folder, 'https://other.example/mcp', 'c').load()).toBeUndefined()
})

test('the file and its folder are their owner’s, even where the folder was open to all', async () => {
  const own = join(folder, 'deep')
  await keepState(own, url, 'c').save(await aSession())
  chmodSync(own, 0o777)
  await keepState(own, url, 'c').save(await aSession())

  const [file, ...others] = readdirSync(own)
  expect(others).toEqual([])
  expect(statSync(join(own, file ?? '')).mode & 0o777).toBe(0o600)
  expect(statSync(own).mode & 0o777).toBe(0o700)
})

test('what is broken, of another form or over is no session', async () => {
  const state = keepState(folder, url, 'c')
  const session = await aSession()
  await state.save(session)
  const [file = ''] = readdirSync(folder)
  const wrong = [
    '{',
    '[]',
    JSON.stringify({ ...session, tokens: {} }),
    JSON.stringify({ ...session, certificate: 'x' }),
  ]

  for (const text of wrong) {
    writeFileSync(join(folder, file), text)
    expect(await state.load(), text.slice(0, 20)).toBeUndefined()
  }
  await state.forget()
  expect(readdirSync(folder)).toEqual([])
  await state.forget()
})

test('a folder that cannot be written is said', async () => {
  writeFileSync(join(folder, 'file'), '')

  await expect(keepState(join(folder, 'file'), url, 'c').save(await aSession())).rejects.toThrow('--state')
})

test('two hosts log in one after the other', async () => {
  const done = await keepState(folder, url, 'c').turn()
  let second = false
  const waiting = keepState(folder, url, 'c')
    .turn()
    .then((end) => {
      second = true
      return end
    })

  await sleep(600)
  expect(second).toBe(false)
  await done()
  await (await waiting)()
  expect(readdirSync(folder)).toEqual([])
})

test('the turn of a program that has ended is over', async () => {
  const { pid } = spawnSync('true')
  await (await keepState(folder, url, 'c').turn())()
  const state = keepState(folder, url, 'c')
  const done = await state.turn()
  const [file = ''] = readdirSync(folder)
  writeFileSync(join(folder, file), String(pid))

  await (await keepState(folder, url, 'c').turn())()

  await done()
})
