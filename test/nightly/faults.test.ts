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
    ).toBeGreaterThanOrEqual(200)
    // None of the engines and none of the clocks was left out.
    const places = new Set(rows.map(({ where }) => where))
    for (const place of ['PostgreSQL', 'Kafka', 'S3', 'KMS', 'witness', 'collector', 'sidecar'])
      expect([...places].some((where) => where.startsWith(place))).toBe(true)
    const clocks = rows.filter(({ fault }) => fault.startsWith('the clock jumps'))
    expect(clocks.map(({ where }) => where)).toEqual(['collector', 'sidecar, Local', 'sidecar, Stream'])
  },
  7_200_000,
)
