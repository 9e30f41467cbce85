// A process that writes a trail as fast as it can and says what was acknowledged, to be killed at any moment.
//
//   node writer.ts SETTINGS.json   { port, ca, key, cert, mode, folder }

import { readFileSync, writeSync } from 'node:fs'
import type { Acknowledge } from '../../../core/acknowledge.ts'
import { Link } from '../../../sidecar/channel/link.ts'
import { beginTrail } from '../../../sidecar/trail/begin.ts'
import { CollectorClient } from '../../../sidecar/trail/collector-client.ts'
import { loopback } from '../loopback.ts'
import { anIntent, aResult } from './entries.ts'

type Settings = {
  port: number
  ca: string
  key: string
  cert: string
  mode: Acknowledge
  folder: string
}
const { port, ca, key, cert, mode, folder } = JSON.parse(
  readFileSync(process.argv[2] as string, 'utf8'),
) as Settings

// Written at once and whole: what the parent reads was acknowledged before the process died.
const say = (line: string): void => void writeSync(1, `${line}\n`)
const link = new Link({
  base: new URL(`https://localhost:${port}`),
  ca,
  lookup: loopback,
  credentials: { key, cert },
})
const { chain } = await beginTrail({
  acknowledge: mode,
  folder,
  collector: new CollectorClient(link),
  version: '1',
  onOver: ({ reason }) => {
    say(`over ${reason}`)
    process.exit(1)
  },
  log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  segmentSize: 256 * 1024,
})
chain.start('Development')
say(`origin ${chain.origin}`)

let next = 0
async function writeForEver(): Promise<void> {
  for (;;) {
    const call = `c${next}`
    next += 1
    await chain.intend(anIntent(call))
    say(`intent ${call}`)
    await chain.settle(aResult(call))
    say(`result ${call}`)
  }
}
await Promise.all(Array.from({ length: 8 }, writeForEver))
