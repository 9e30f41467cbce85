import { expect, test } from 'vitest'
import { grantStanding } from '../../core/grant.ts'
import { aGrant } from '../operator/world.ts'
import { verifies } from '../verifies.ts'

const at = (time: string) => Date.parse(`2026-11-${time}Z`)
/** Made on the 1st at 11:45, approved at 11:50, for half an hour. */
const stateAt = (time: string, grant = aGrant()) => grantStanding(grant, at(time)).state

test('a grant goes its way by the clock alone', () => {
  expect(stateAt('01T11:50:00')).toBe('Active')
  expect(stateAt('01T12:19:59.999')).toBe('Active')
  expect(stateAt('01T12:20:00')).toBe('Expired')
  expect(stateAt('04T12:19:59')).toBe('Expired')
  expect(stateAt('04T12:20:00')).toBe('ReviewOverdue')
  expect(grantStanding(aGrant(), at('01T12:00:00'))).toMatchObject({
    until: at('01T12:20:00'),
    reviewBy: at('04T12:20:00'),
    turn: at('01T12:20:00'),
  })
})

test('a request waits for a day, then it has lapsed', () => {
  const request = aGrant({ approval: undefined })

  expect(stateAt('01T11:46:00', request)).toBe('Requested')
  expect(stateAt('02T11:44:59', request)).toBe('Requested')
  expect(stateAt('02T11:45:00', request)).toBe('Lapsed')
})

test('an end before its time ends it, a review closes it, and neither the other way round', () => {
  const ended = aGrant({ end: { by: 'approver', at: '2026-11-01T12:00:00Z' } })
  const review = { finding: 'Justified' as const, by: 'officer', at: '2026-11-02T09:00:00Z' }

  expect(stateAt('01T11:59:59', ended)).toBe('Active')
  expect(stateAt('01T12:00:00', ended)).toBe('Expired')
  expect(stateAt('02T12:00:00', aGrant({ review }))).toBe('Reviewed')
  expect(stateAt('09T12:00:00', aGrant({ review }))).toBe('Reviewed')
  expect(stateAt('01T12:00:00', aGrant({ review }))).toBe('Active')
  // An end that does not parse ended at once.
  expect(stateAt('01T11:51:00', aGrant({ end: { by: 'approver', at: 'now' } }))).toBe('Expired')
})

const by = (name: string, time = '2026-11-01T11:50:00Z') => ({ approval: { by: name, at: time } })
const forged: { when: string; grant: ReturnType<typeof aGrant> }[] = [
  { when: 'approved by who asked', grant: aGrant(by('asker')) },
  { when: 'approved by nobody', grant: aGrant(by('')) },
  { when: 'approved before it was asked for', grant: aGrant(by('approver', '2026-11-01T11:43:00Z')) },
  { when: 'approved in the future', grant: aGrant(by('approver', '2026-11-01T12:02:00Z')) },
  { when: 'approved at no time', grant: aGrant(by('approver', 'now')) },
  { when: 'created at no time', grant: aGrant({}, { creationTimestamp: 'then' }) },
]
for (const { when, grant } of forged)
  verifies('access:break-glass', `what admission would never write is no approval: ${when}`, () => {
    expect(['Requested', 'Lapsed']).toContain(stateAt('01T12:00:00', grant))
  })

verifies('access:break-glass', 'no grant lasts longer than an hour, whatever it says', () => {
  expect(stateAt('01T12:50:00', aGrant({ minutes: 600 }))).toBe('Expired')
})

verifies('access:break-glass', 'without the person who asked there is nobody that another could be', () => {
  const grant = aGrant()
  delete grant.spec.requestedBy

  expect(stateAt('01T12:00:00', grant)).toBe('Requested')
})
