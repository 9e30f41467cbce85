// A million records: how fast they are verified beside hashing them, and in how much memory.

import { expect } from 'vitest'
import { verifyFigures, verifyTable } from '../bench/verify-rows.ts'
import { verifies } from '../verifies.ts'

verifies(
  'integrity:chain',
  'a trail is verified at half the rate at least of hashing its records, in memory that does not grow with it',
  async () => {
    const figures = await verifyFigures()
    console.log(verifyTable(figures))
    expect(figures.hashRecords / figures.verify).toBeGreaterThanOrEqual(0.5)
    expect(figures.memory / figures.memoryOfQuarter).toBeLessThan(1.25)
  },
  1_800_000,
)
