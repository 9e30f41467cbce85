// All of `make faults`. It writes nothing: the table of docs/reliability.md is that of a run by hand.

import { expect } from 'vitest'
import { acknowledgements } from '../../core/acknowledge.ts'
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
    // None of the engines, of the modes and of the clocks was left out.
    const engines = ['PostgreSQL', 'Kafka', 'S3', 'KMS (SoftHSM2', 'KMS (OpenBao', 'witness']
    const ofModes = acknowledgements.flatMap((mode) => [`collector, sidecar ${mode}`, `sidecar, ${mode}`])
    const missing = [...engines, ...ofModes].filter(
      (place) => !rows.some(({ where }) => where.startsWith(place)),
    )
    expect(missing).toEqual([])
    const clocks = rows.filter(({ fault }) => fault.startsWith('the clock jumps'))
    expect(clocks.map(({ where }) => where)).toEqual(['collector', 'sidecar, Local', 'sidecar, Stream'])
  },
  7_200_000,
)
