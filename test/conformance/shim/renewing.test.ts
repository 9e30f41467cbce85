import { expect, test } from 'vitest'
import { renewing } from './renewing.ts'

/** A person whose tokens are numbered and live for a minute; `fails`: which sign-in is refused. */
function aPerson(fails?: number) {
  const seen = { signIns: 0, at: 0 }
  const token = renewing(
    async () => {
      seen.signIns += 1
      const number = seen.signIns
      await Promise.resolve()
      if (number === fails) throw new Error('refused')
      return { accessToken: `token ${number}`, expiresIn: 60 }
    },
    () => seen.at,
  )
  return { seen, token }
}

test('a token serves until half of its life is over, then the person signs in again', async () => {
  const { seen, token } = aPerson()

  const given = [await token()]
  for (const at of [29_999, 30_000, 59_999, 60_000]) {
    seen.at = at
    given.push(await token())
  }

  expect(given).toEqual(['token 1', 'token 1', 'token 2', 'token 2', 'token 3'])
})

test('callers at the same time wait for one sign-in', async () => {
  const { seen, token } = aPerson()

  expect(await Promise.all([token(), token(), token()])).toEqual(['token 1', 'token 1', 'token 1'])
  expect(seen.signIns).toBe(1)
})

test('a sign-in that is refused is told to its caller, and tried again by the next', async () => {
  const { token } = aPerson(1)

  await expect(token()).rejects.toThrow('refused')
  expect(await token()).toBe('token 2')
})
