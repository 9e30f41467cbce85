// What the demo shows of one record, of a trail without a cluster: found by its patient, proved, and not to be written anew
// behind a witness that we did not write.

import { expect } from 'vitest'
import { aToldTrail } from '../cli/a-told-trail.ts'
import { allClaims } from '../demo/claims.ts'
import { foundBy, proved } from '../demo/steps/record.ts'
import { witnessed } from '../demo/steps/witness.ts'
import { verifies } from '../verifies.ts'

verifies(
  'integrity:outside-witness',
  'the demo: a record is found by its patient, proved, and sigsum-witness refuses the log in which it names another person',
  async () => {
    const { folder, witness, key, store } = await aToldTrail()
    const pem = await store.key('registry', () => '')

    const found = await foundBy('p-100', key, { folder, witness })
    const place = await proved(found, { folder, witness })
    await witnessed(pem, { folder, witness }, place)

    expect(allClaims().filter(({ holds }) => !holds)).toEqual([])
    expect(allClaims().length).toBe(6)
  },
)
