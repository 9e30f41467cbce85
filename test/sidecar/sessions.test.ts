// What a session remembers of the server's own names.

import { expect, test } from 'vitest'
import type { Who } from '../../core/record.ts'
import { sessions } from '../../sidecar/sessions.ts'

const who = { iss: 'https://login.example.org', sub: 'clinician-1', certificate: 'c' } as Who

test('a task is known in its session alone, and only so many are', () => {
  const all = sessions()
  const [one, two] = [all.begin(who, 'a'), all.begin(who, 'b')]
  all.keepTask(one, 'first', 'handle')
  all.keepTask('no session', 'first', 'handle')

  expect(all.taskOf(one, 'first')).toBe('handle')
  expect(all.taskOf(two, 'first')).toBeUndefined()
  expect(all.taskOf('no session', 'first')).toBeUndefined()

  for (let at = 0; at < 10_000; at += 1) all.keepTask(two, String(at), 'other')
  expect(all.taskOf(one, 'first')).toBeUndefined()
  expect(all.taskOf(two, '9999')).toBe('other')
})
