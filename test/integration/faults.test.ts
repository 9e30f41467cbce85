// The short form of `make faults`: a sample of every kind, with the real programs. All of it runs at night.

import { expect } from 'vitest'
import { faultsRun } from '../faults/run.ts'
import { verifies } from '../verifies.ts'

verifies(
  'audit:faults',
  'a sample of killed processes, failed calls, torn sectors, a full disk and a collector that hangs',
  async () => {
    const { code, rows, wrong } = await faultsRun(['--short'])

    expect(wrong).toEqual([])
    expect(code).toBe(0)
    expect(rows.length).toBeGreaterThan(10)
    expect(rows.reduce((sum, { forwarded }) => sum + forwarded, 0)).toBeGreaterThan(100)
  },
  300_000,
)
