import { createHash, createSecretKey, randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { resultHash } from '../../sidecar/hashes.ts'
import { anInForce } from '../support/in-force.ts'
import { verifies } from '../verifies.ts'

verifies(
  'audit:no-content',
  'whoever tries every possible content without the key finds none by its hash',
  () => {
    const ours = anInForce()
    const theirs = { ...ours, keys: { ...ours.keys, hashes: createSecretKey(randomBytes(32)) } }
    const recorded = resultHash('MRN 4711: HIV positive', ours)
    const guesses = Array.from({ length: 5_000 }, (_, mrn) => `MRN ${mrn}: HIV positive`)

    expect(resultHash('MRN 4711: HIV positive', ours)).toBe(recorded)
    for (const guess of guesses)
      expect(recorded.endsWith(createHash('sha256').update(guess).digest('hex'))).toBe(false)
    expect(guesses.map((guess) => resultHash(guess, theirs))).not.toContain(recorded)
  },
)
