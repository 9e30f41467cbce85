import { expect } from 'vitest'
import { anIntent, anOrders, aResult, at, aWho } from '../core/records.ts'
import { verifies } from '../verifies.ts'
import { anEmbeddedStore, aPod, aTrail, Process } from './a-trail.ts'

const start = 1_790_000_000_000
const who = aWho()
const grant = { name: 'night-1', uid: 'uid-night-1', requestedBy: 'asker', approvedBy: 'approver' }

verifies('authentication:logoff', 'any pod of a server learns when a person was last at work', async () => {
  const trail = await aTrail(await anEmbeddedStore())
  const [one, other] = [await Process.started(trail), aPod()]
  await one.write(
    anOrders(),
    anIntent('c1', { at: at(start + 1_000) }),
    anIntent('c2', { at: at(start + 3_000) }),
    anIntent('c3', { at: at(start + 2_000) }),
    // A host's own doing is nobody's work, and another person's neither.
    anIntent('c4', { at: at(start + 9_000), method: 'ping' }),
    anIntent('c5', { at: at(start + 9_000), method: 'tools/list' }),
    anIntent('c6', { at: at(start + 9_000), who: aWho({ sub: 'clinician-2' }) }),
    anIntent('c7', { at: at(start + 9_000), who: aWho({ certificate: 'another' }) }),
  )

  expect(trail.lastActivity(other, who)).toBe(start + 3_000)
  expect(trail.lastActivity({ ...other, server: 'lab' }, who)).toBeUndefined()
  expect(trail.lastActivity({ ...other, namespace: 'ward' }, who)).toBeUndefined()
  expect(trail.lastActivity(other, aWho({ iss: 'https://other.example.test' }))).toBeUndefined()
})

verifies('authentication:logoff', 'a collector that began anew knows it from the records', async () => {
  const store = await anEmbeddedStore()
  const process = await Process.started(await aTrail(store))
  await process.write(anOrders(), anIntent('c1', { at: at(start + 1_000) }), aResult('c1'))

  expect((await aTrail(store)).lastActivity(aPod(), who)).toBe(start + 1_000)
})

verifies('access:break-glass', 'calls under a grant are counted in the summary of their chain', async () => {
  const trail = await aTrail(await anEmbeddedStore())
  const process = await Process.started(trail)
  expect(trail.summaries()[0]).not.toHaveProperty('grants')

  await process.write(
    anOrders(),
    anIntent('c1', { grant, at: at(start + 1_000) }),
    anIntent('c2'),
    anIntent('c3', { grant, at: at(start + 2_000) }),
  )

  expect(trail.summaries()[0]?.grants).toEqual({
    'uid-night-1': { uses: 2, last: at(start + 2_000) },
  })
})
