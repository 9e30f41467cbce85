// The program of a canary pod, which the operator makes for a moment: it tries connections that the network must refuse,
// writes what came of them as the pod's termination message, and ends. It holds no key, no token and no volume.

import { writeFileSync } from 'node:fs'
import { exit, stderr } from 'node:process'
import type { CanaryResult, CanaryTask } from '../core/network.ts'
import { connects, openOf, reaches } from './network/attempts.ts'

try {
  const { control, forbidden } = JSON.parse(process.argv[2] ?? '') as CanaryTask
  const reached = control !== undefined && (await reaches(control, connects))
  const result: CanaryResult = { control: reached, open: await openOf(forbidden, connects) }
  writeFileSync('/dev/termination-log', JSON.stringify(result))
} catch (error) {
  stderr.write(`hipaa-mcp-canary: ${error instanceof Error ? error.name : 'failed'}\n`)
  exit(1)
}
