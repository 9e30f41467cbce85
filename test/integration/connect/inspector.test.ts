// The official inspector's command line, with the server set up as docs/connect.md says.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { filesIn } from '../../support/machine.ts'
import { verifies } from '../../verifies.ts'
import { aConnectScene, type ConnectScene } from './scene.ts'

const inspector = join(
  import.meta.dirname,
  '../../../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js',
)
let scene: ConnectScene
let config: string
let state: string
beforeAll(async () => {
  scene = await aConnectScene()
  state = scene.folder()
  await scene.ran(state, scene.browser, '--login')
  config = join(scene.folder(), 'mcp.json')
  const ehr = { type: 'stdio', ...scene.command(state, '--purpose', 'TREAT') }
  writeFileSync(config, JSON.stringify({ mcpServers: { ehr } }))
}, 60_000)
afterAll(async () => await scene.end())

async function inspect(...args: string[]): Promise<{ code: number; out: string; notes: string }> {
  const home = scene.folder()
  const child = spawn(
    process.execPath,
    [inspector, '--cli', '--config', config, '--server', 'ehr', ...args],
    // Its own files, too, stand where the test looks and cleans.
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: home } },
  )
  let out = ''
  let notes = ''
  child.stdout.on('data', (chunk: Buffer) => (out += String(chunk)))
  child.stderr.on('data', (chunk: Buffer) => (notes += String(chunk)))
  const [code] = (await once(child, 'close')) as [number]
  return { code, out, notes }
}

verifies('authentication:connect', 'the inspector lists tools', async () => {
  const { code, out, notes } = await inspect('--method', 'tools/list')

  expect([code, notes]).toEqual([0, expect.anything()])
  const { tools } = JSON.parse(out) as { tools: { name: string }[] }
  expect(tools.map(({ name }) => name)).toContain('test_simple_text')
})

verifies('authentication:connect', 'the inspector calls a tool and reads a resource', async () => {
  const called = await inspect('--method', 'tools/call', '--tool-name', 'test_simple_text')
  const read = await inspect('--method', 'resources/read', '--uri', 'test://static-text')

  expect(called.out).toContain('This is a simple text response for testing.')
  expect([called.code, read.code]).toEqual([0, 0])
  expect(JSON.parse(read.out)).toMatchObject({ contents: [{ uri: 'test://static-text' }] })
  expect(filesIn(state)).toHaveLength(1)
})
