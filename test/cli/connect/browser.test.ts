// The loopback address of a login: one answer, of the issuer that was asked, for the state that was given out.

import { expect, test, vi } from 'vitest'
import { codesByBrowser } from '../../../cli/connect/browser.ts'

const issuer = {
  issuer: 'https://login.example',
  authorize: 'https://login.example/auth?realm=x',
  token: 'https://login.example/token',
  boundToken: 'https://login.example/token',
  namesItself: true,
}
type Opened = {
  begin: URL
  back: (answer: Record<string, string>, closed?: AbortSignal) => Promise<Response>
}

/** A login whose browser is the test. `opened`: what the person sees first; `all`: each page that was opened. */
function aLogin(
  use: (code: string) => Promise<'again' | undefined> = async () => await Promise.resolve(undefined),
) {
  const opened = Promise.withResolvers<Opened>()
  const all: Opened[] = []
  const done = codesByBrowser(
    {
      issuer,
      resource: 'https://ehr.example/mcp',
      redirect: 'http://127.0.0.1/signed-in',
      open: (url) => {
        all.push(openedAt(url))
        opened.resolve(openedAt(url))
      },
      note: () => undefined,
    },
    { client: 'c', parameters: { max_age: '240' } },
    async ({ code }) => ((await use(code)) === 'again' ? { client: 'd', parameters: {} } : undefined),
  )
  done.catch(() => undefined)
  return { opened: opened.promise, all, done }
}

function openedAt(url: string): Opened {
  const begin = new URL(url)
  const redirect = begin.searchParams.get('redirect_uri') ?? ''
  const state = begin.searchParams.get('state') ?? ''
  return {
    begin,
    back: async (answer, closed) =>
      await fetch(`${redirect}?${new URLSearchParams({ state, iss: issuer.issuer, ...answer })}`, {
        redirect: 'manual',
        ...(closed === undefined ? {} : { signal: closed }),
      }),
  }
}

test('the request has PKCE, state and resource, and keeps what the issuer’s address had', async () => {
  const { opened, done } = aLogin()
  const { begin, back } = await opened

  expect(Object.fromEntries(begin.searchParams)).toMatchObject({
    realm: 'x',
    response_type: 'code',
    client_id: 'c',
    resource: 'https://ehr.example/mcp',
    code_challenge_method: 'S256',
    max_age: '240',
  })
  expect(begin.searchParams.get('code_challenge')).toMatch(/^[\w-]{43}$/)
  await back({ code: '1' })
  await done
})

test('each code is used at once, and the browser goes on to the next', async () => {
  const codes: string[] = []
  const { opened, done } = aLogin(async (code) => {
    codes.push(code)
    return await Promise.resolve(codes.length === 1 ? 'again' : undefined)
  })
  const { back } = await opened

  const next = await back({ code: 'one' })
  const second = openedAt(next.headers.get('location') ?? '')
  const last = await second.back({ code: 'two' })

  expect([next.status, second.begin.searchParams.get('client_id'), last.status]).toEqual([302, 'd', 200])
  expect(second.begin.searchParams.has('max_age')).toBe(false)
  await done
  expect(codes).toEqual(['one', 'two'])
})

test('what another program or page sends ends nothing', async () => {
  const codes: string[] = []
  const { opened, done } = aLogin(async (code) => await Promise.resolve(void codes.push(code)))
  const { begin, back } = await opened
  const redirect = begin.searchParams.get('redirect_uri') ?? ''

  const forged = await back({ code: 'x', state: 'guessed' })
  const elsewhere = await fetch(new URL('/favicon.ico', redirect))
  const posted = await fetch(redirect, { method: 'POST' })
  await back({ code: 'good' })

  expect([forged.status, elsewhere.status, posted.status]).toEqual([400, 404, 404])
  await done
  expect(codes).toEqual(['good'])
})

test.each([
  [
    'of another issuer',
    { iss: 'https://evil.example', code: 'x' },
    /does not come from https:\/\/login.example/,
  ],
  ['that is a refusal', { error: 'access_denied' }, /did not log you in \(access_denied\)/],
  ['whose error is no code', { error: 'Jane Roe <b>' }, /did not log you in \(no code\)/],
  ['without a code', {}, /did not log you in/],
])('an answer %s is no login', async (_, answer, says) => {
  const { opened, done } = aLogin(async () => await Promise.reject(new Error('used')))
  const { back } = await opened

  const page = await (await back(answer)).text()

  expect(page).toContain('did not succeed')
  expect(page).not.toContain('Jane')
  await expect(done).rejects.toThrow(says)
})

test('what goes wrong with the code is what the login ends with', async () => {
  const { opened, done } = aLogin(async () => await Promise.reject(new Error('no certificate')))
  const { back } = await opened

  await back({ code: 'x' })

  await expect(done).rejects.toThrow('no certificate')
})

/** The page is closed while its code is used, and that is over a moment after the connection is. */
function leaving() {
  const tab = new AbortController()
  return {
    closed: tab.signal,
    leave: async (): Promise<void> => {
      tab.abort()
      await new Promise((resolve) => setTimeout(resolve, 50))
    },
  }
}

test('a page that is closed while its code is used ends no login that succeeds', async () => {
  const { closed, leave } = leaving()
  const { opened, done } = aLogin(async () => await leave().then(() => undefined))
  const { back } = await opened

  await expect(back({ code: 'x' }, closed)).rejects.toThrow('aborted')

  await done
}, 2_000)

test('a page that is closed before it could go on to the next is opened there anew', async () => {
  const { closed, leave } = leaving()
  const { opened, all, done } = aLogin(async (code) => {
    if (code === 'two') return undefined
    await leave()
    return 'again'
  })
  const { back } = await opened
  await expect(back({ code: 'one' }, closed)).rejects.toThrow('aborted')
  await vi.waitFor(() => expect(all).toHaveLength(2))

  await all[1]?.back({ code: 'two' })

  expect(all[1]?.begin.searchParams.get('client_id')).toBe('d')
  await done
}, 2_000)
