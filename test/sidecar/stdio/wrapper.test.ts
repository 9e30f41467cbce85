// The wrapper as a process, run by the loader and libraries that it brings, before a real server of the official SDK.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { Refusal } from '../../../sidecar/refusals.ts'
import { type StdioUpstream, stdioUpstream } from '../../../sidecar/stdio/upstream.ts'
import { verifies } from '../../verifies.ts'

const checkout = join(import.meta.dirname, '..', '..', '..')
const node = join(checkout, 'node_modules', '.bin', 'node')
const oldServer = [node, join(import.meta.dirname, 'old-server.ts')]
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

let programs: string
beforeAll(async () => {
  programs = mkdtempSync(join(tmpdir(), 'wrapper-'))
  const installing = spawn(node, [join(checkout, 'sidecar', 'wrapper', 'install.ts'), programs])
  const [code] = (await once(installing, 'exit')) as [number]
  expect(code).toBe(0)
  return () => rmSync(programs, { recursive: true, force: true })
})

let folder: string
let upstream: StdioUpstream | undefined
const open = async (limit?: number): Promise<StdioUpstream> => {
  const made = stdioUpstream({
    socket: join(folder, 'server.sock'),
    log: silent,
    ...(limit === undefined ? {} : { limit }),
  })
  await made.open
  upstream = made
  return made
}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stdio-'))
})
afterEach(() => {
  upstream?.close()
  upstream = undefined
  rmSync(folder, { recursive: true, force: true })
})

/** Starts it as a container's command does. */
function wrap(...command: string[]) {
  const child = spawn(
    join(programs, 'ld.so'),
    [
      '--inhibit-cache',
      '--library-path',
      join(programs, 'lib'),
      join(programs, 'node'),
      join(programs, 'wrapper.mjs'),
      join(folder, 'server.sock'),
      '--',
      ...command,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += String(chunk)))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return { child, ended, log: () => log }
}

const call = async (behind: StdioUpstream, tool: string, value: string | number) =>
  (
    await behind.send({
      path: '/mcp',
      revision: '2025-11-25',
      outgoing: {
        method: 'tools/call',
        params: { name: tool, arguments: { value } },
        notification: false,
      },
    })
  ).result
const textOf = (value: string) => ({ content: [{ type: 'text', text: value }] })
const reasonOf = async (sending: Promise<unknown>): Promise<string> =>
  await sending.then(
    () => 'answered',
    (why: unknown) => (why instanceof Refusal ? why.reason : String(why)),
  )

verifies(
  'stdio:silent',
  'what a server writes to standard error, and to its output besides messages',
  async () => {
    const behind = await open()
    const wrapper = wrap(...oldServer)

    expect(await call(behind, 'echo', 'Fluegel')).toEqual(textOf('Fluegel'))
    wrapper.child.kill('SIGTERM')

    expect(await wrapper.ended).toBe(0)
    expect(wrapper.log()).not.toContain('Fluegel')
    expect(wrapper.log()).toContain('"lines":1')
    expect(wrapper.log()).toContain('"bytes":16')
  },
)

verifies(
  'stdio:silent',
  'of what it threw away it tells how many identifiers there were, by kind',
  async () => {
    await open()
    // Over two chunks, and at the end without a line feed.
    const script = `const say = (text) => process.stderr.write(text)
    say('found MRN-004'); setTimeout(() => say('81516 and\\nSSN 219-09-9999, {"family":"Fluegel"}'), 200)`
    const wrapper = wrap(node, '-e', script)

    expect(await wrapper.ended).toBe(0)

    expect(wrapper.log()).toContain('"identifiers":{"mrn":1,"ssn":1,"name":1}')
    expect(wrapper.log()).not.toMatch(/Fluegel|81516|219-09/)
  },
)

verifies('stdio:silent', 'the first finding of a server that goes on is told within seconds', async () => {
  await open()
  const wrapper = wrap(node, '-e', `process.stderr.write('SSN 219-09-9999\\n'); setInterval(() => {}, 1000)`)

  await expect.poll(() => wrapper.log(), { timeout: 20_000 }).toContain('"identifiers":{"ssn":1}')
})

test('calls of many callers are served at once, large ones among them', async () => {
  const behind = await open()
  wrap(...oldServer)
  const values = Array.from({ length: 40 }, (_, at) => `value ${at}`)

  const [large, ...answers] = await Promise.all([
    call(behind, 'large', 5_000_000),
    ...values.map(async (value) => await call(behind, 'echo', value)),
  ])

  expect(answers).toEqual(values.map(textOf))
  expect(JSON.stringify(large).length).toBeGreaterThan(5_000_000)
})

verifies('stdio:process', 'when the server ends, its container ends with the same code', async () => {
  const behind = await open()
  const wrapper = wrap(...oldServer)

  expect(await reasonOf(call(behind, 'end', 42))).toBe('upstream-broken-off')
  expect(await wrapper.ended).toBe(42)
})

verifies('stdio:process', 'a server that a signal ended says which', async () => {
  await open()
  const wrapper = wrap('/bin/sh', '-c', 'kill -9 $$')

  expect(await wrapper.ended).toBe(137)
})

verifies('stdio:process', 'a server outlives neither the sidecar nor its connection', async () => {
  const behind = await open()
  const wrapper = wrap(...oldServer)
  await call(behind, 'echo', 'first')
  behind.close()

  expect(await wrapper.ended).toBe(70)
})

verifies(
  'stdio:process',
  'a server that does not end when its input does, and not by SIGTERM, is killed',
  async () => {
    const behind = await open()
    const wrapper = wrap(...oldServer, 'stubborn')
    await call(behind, 'echo', 'first')
    const asked = performance.now()
    wrapper.child.kill('SIGTERM')

    expect(await wrapper.ended).toBe(137)
    expect(performance.now() - asked).toBeGreaterThan(9_000)
    expect(wrapper.log()).not.toContain('not yet')
  },
  60_000,
)

test('a command that is not there ends the container with what a shell would say', async () => {
  await open()
  const wrapper = wrap('/no/such/program', 'Fluegel')

  expect(await wrapper.ended).toBe(127)
  expect(wrapper.log()).toContain('cannot be started')
  expect(wrapper.log()).not.toContain('Fluegel')
})

test('it waits for a sidecar that is starting', async () => {
  const wrapper = wrap(...oldServer)
  await new Promise((resolve) => setTimeout(resolve, 300))
  const behind = await open()

  expect(await call(behind, 'echo', 'late')).toEqual(textOf('late'))
  behind.close()
  await wrapper.ended
})

test('it runs on nothing of the image: every library is its own', async () => {
  await open()
  const wrapper = wrap('/bin/sh', '-c', 'exec sleep 30')
  await expect.poll(() => wrapper.log()).toContain('The server starts')
  const mapped = readFileSync(`/proc/${wrapper.child.pid}/maps`, 'utf8')
  wrapper.child.kill('SIGKILL')

  const files = new Set(mapped.match(/\/\S*\.so\S*/g) ?? [])
  expect(files.size).toBeGreaterThan(3)
  expect([...files].filter((file) => !file.startsWith(programs))).toEqual([])
})
