// The OpenTelemetry Collector's own receiver takes our copies: strict reading of OTLP that we did not write, over mutual TLS.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect } from 'vitest'
import { registryOrigin } from '../../core/wire.ts'
import { toldRecords } from '../cli/a-told-trail.ts'
import { Process, recordsIn } from '../collector/a-trail.ts'
import { aCopiedTrail, target } from '../collector/copies/a-copied-trail.ts'
import { aReceiver, logsIn } from '../collector/copies/a-receiver.ts'
import { freePort } from '../support/free-port.ts'
import { verifies } from '../verifies.ts'

const program = join(import.meta.dirname, '../../out/otlp-receiver')
let child: ChildProcess | undefined

const byUid = (bodies: readonly string[]): unknown[] =>
  logsIn(bodies).toSorted((a, b) => a.uid.localeCompare(b.uid))

beforeAll(() => {
  mkdirSync(dirname(program), { recursive: true })
  const { status, stderr, error } = spawnSync('nice', ['-n', '5', 'go', 'build', '-o', program, '.'], {
    cwd: join(import.meta.dirname, 'otlp-receiver'),
    encoding: 'utf8',
  })
  if (status !== 0)
    throw new Error(
      `The OTLP receiver needs Go 1.26 or newer (https://go.dev/dl) and its module proxy: ${stderr || error?.message}`,
    )
})
afterAll(() => {
  child?.kill('SIGKILL')
})

verifies(
  'audit:copies',
  'the OpenTelemetry Collector takes every record, and reads in it what we wrote',
  async () => {
    const copied = await aCopiedTrail()
    // Ours beside it: what both took must be one.
    const ours = await aReceiver()
    const server = ours.server
    const port = await freePort()
    child = spawn(program, [`localhost:${port}`, server.certificate, server.key, ours.ca])
    const lines: string[] = []
    const output = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    output.on('line', (line) => lines.push(line))
    await once(output, 'line')
    const { ca, certificate, key } = ours
    const theirs = { url: `https://localhost:${port}/v1/logs`, ca }
    const copies = copied.copy([
      target(theirs, { name: 'theirs', certificate, key }),
      target(ours, { name: 'ours' }),
    ])
    const [one, two] = [await Process.started(copied.trail), await Process.started(copied.trail)]
    const { first, second } = toldRecords()
    await one.write(...first)
    await two.write(...second)

    await expect
      .poll(() => copies.reports().map(({ pending, trouble }) => ({ pending, trouble })))
      .toEqual([
        { pending: 0, trouble: undefined },
        { pending: 0, trouble: undefined },
      ])

    const took = lines.filter((line) => line.startsWith('{'))
    expect(byUid(took)).toEqual(byUid(ours.bodies))
    const sizes = await Promise.all(
      [registryOrigin, one.origin, two.origin].map(
        async (origin) => (await recordsIn(copied.store, origin)).length,
      ),
    )
    expect(byUid(took).length).toBe(sizes.reduce((sum, size) => sum + size))

    // Without our certificate it takes nothing.
    const without = copied.copy([target(theirs, { name: 'without' })])
    await expect.poll(() => without.reports()[0]?.trouble).toBe('copy-away')
  },
)
