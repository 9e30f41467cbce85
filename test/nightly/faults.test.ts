// All of `make faults`. It writes nothing: the table of docs/reliability.md is that of a run by hand.

import { expect } from 'vitest'
import { faultsRun } from '../faults/run.ts'
import { verifies } from '../verifies.ts'

verifies(
  'audit:faults',
  'every fault, with another seed each day',
  async () => {
    const { code, rows, wrong } = await faultsRun(['--no-document'])

    expect(wrong).toEqual([])
    expect(code).toBe(0)
    expect(
      rows.reduce((sum, { fault, times }) => sum + (fault === 'kill -9' ? times : 0), 0),
    ).toBeGreaterThan(200)
  },
  7_200_000,
)
