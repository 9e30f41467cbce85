// How a login is made, renewed and made anew: what a person sees of it, and what the records say.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Session } from '../../../cli/connect/state.ts'
import { connectClient } from '../../sample/accounts.ts'
import type { Browser } from '../../support/browser.ts'
import { filesIn } from '../../support/machine.ts'
import { verifies } from '../../verifies.ts'
import { call, simple, host as startHost } from './host.ts'
import { aConnectScene, type ConnectScene } from './scene.ts'

let scene: ConnectScene
let state: string
beforeAll(async () => {
  scene = await aConnectScene({ tokenSeconds: 24 })
}, 60_000)
afterAll(async () => await scene.end())
beforeEach(async () => {
  state = scene.folder()
  await scene.use()
})

const host = async (person: Browser, ...more: string[]) => await startHost(scene, state, person, more)

const person = (...more: Parameters<ConnectScene['person']>): Browser => scene.person(...more)
/** One person gets no more than six certificates in a minute. */
const another = (): Browser => scene.person({ person: 'untrained' })
const intents = async () =>
  (await scene.records()).flatMap((record) => (record.kind === 'intent' ? [record] : []))
const enrolments = async () =>
  (await scene.records()).flatMap((record) => (record.kind === 'enrolment' ? [record] : []))

verifies('authentication:connect', 'tokens are renewed without a word', async () => {
  const browser = person()
  const { client, heard } = await host(browser, '--purpose', 'TREAT')
  await call(client)
  await sleep(6_000)

  expect(await call(client)).toEqual(simple)

  const calls = (await intents()).filter(({ method }) => method === 'tools/call').slice(-2)
  expect(new Set(calls.map(({ who }) => who.token)).size).toBe(2)
  expect(new Set(calls.map(({ who }) => who.certificate)).size).toBe(1)
  expect(browser.logins).toBe(1)
  expect(heard.text().match(/Log in/g)).toHaveLength(1)
  await client.close()
})

verifies(
  'authentication:connect',
  'a step-up is a new login, a new certificate and a session that goes on',
  async () => {
    const browser = person({ secondsAgo: 200 })
    const { client, heard } = await host(browser, '--purpose', 'TREAT')
    expect(await call(client)).toEqual(simple)
    const enrolled = (await enrolments()).length
    browser.secondsAgo = 0
    // The login is 200 s old: too old from now on.
    await scene.use({ mfa: { maxAge: '3m' } })

    expect(await call(client)).toEqual(simple)

    expect(browser.logins).toBe(2)
    expect(heard.text().match(/Log in/g)).toHaveLength(2)
    expect((await enrolments()).length).toBe(enrolled + 1)
    const calls = (await intents()).filter(({ method }) => method === 'tools/call').slice(-2)
    expect(new Set(calls.map(({ who }) => who.certificate)).size).toBe(2)
    const refusals = (await scene.records()).flatMap((record) =>
      record.kind === 'refusal' ? [record.reason] : [],
    )
    expect(refusals).toEqual(expect.arrayContaining(['mfa-too-old', 'session-unknown']))
    await client.close()
  },
)

verifies(
  'authentication:connect',
  'bound by DPoP each request is signed, and one token does for both',
  async () => {
    await scene.use({ binding: 'DPoP' })
    const browser = person()
    const { client } = await host(browser, '--purpose', 'TREAT', '--client-id', connectClient.dpopId)

    expect(await call(client)).toEqual(simple)
    await sleep(6_000)
    expect(await call(client)).toEqual(simple)

    const [last] = (await intents()).filter(({ method }) => method === 'tools/call').slice(-1)
    expect(last?.who.key).toMatch(/^[\w-]{43}$/)
    expect(browser.logins).toBe(1)
    await client.close()
  },
)

verifies('authentication:connect', 'by device code, where there is no browser', async () => {
  const browser = person()
  const { client, heard } = await host(browser, '--device', '--purpose', 'TREAT')

  expect(await call(client)).toEqual(simple)

  expect(heard.text()).toMatch(/Log in on any device: open https:\S+ and type [A-Z]{4}-[A-Z]{4}/)
  await client.close()
})

verifies('authentication:connect', 'a purpose that the login states is in force, and shown', async () => {
  await scene.use({ purpose: { claim: '/purpose_of_use' } })
  const { client, heard } = await host(person())

  expect(await call(client)).toEqual(simple)

  expect(heard.text()).toContain('Purpose of use in force: TREAT (treatment), stated by your login')
  await client.close()
})

verifies(
  'authentication:connect',
  'without any purpose the host hears which there are, and a person what to do',
  async () => {
    const { client, heard } = await host(another())

    await expect(call(client)).rejects.toThrow('A purpose of use is required')

    expect(heard.text()).toContain('start with --purpose TREAT')
    expect(heard.text()).toContain('The server refused a message: purpose-missing')
    await client.close()
  },
)

verifies(
  'authentication:connect',
  'a person whose access was ended hears it, and is asked for no login',
  async () => {
    const browser = another()
    const { client } = await host(browser, '--purpose', 'TREAT')
    await call(client)
    const revocations = [{ kind: 'person' as const, value: `${scene.issuer} untrained` }]
    await scene.use({}, { revocations })

    await expect(call(client)).rejects.toThrow('The access of this person was ended')

    expect(browser.logins).toBe(1)
    await client.close()
  },
)

verifies('authentication:connect', 'a login by one factor gets nothing, and it is said why', async () => {
  const { code, out, notes } = await scene.ran(state, person({ mfa: false }), '--login')

  expect([code, out]).toEqual([3, ''])
  expect(notes).toContain('The login did not prove more than one factor')
  expect(filesIn(state)).toEqual([])
})

verifies(
  'authentication:connect',
  'with a certificate and a token of somebody else’s care nobody logs in',
  async () => {
    await scene.ran(state, another(), '--login')
    const session = JSON.parse(filesIn(state)[0]?.text ?? '') as Session
    const folder = scene.folder()
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const given = [
      ['--certificate', file('tls.crt', session.certificate)],
      ['--key', file('tls.key', session.key)],
      ['--token-file', file('token', session.tokens.access)],
    ].flat()
    state = scene.folder()
    const browser = person()
    const { client } = await host(browser, '--purpose', 'TREAT', ...given)

    expect(await call(client)).toEqual(simple)

    expect([browser.logins, filesIn(state)]).toEqual([0, []])
    await client.close()
  },
)

verifies('authentication:connect', 'two hosts that start together are one login', async () => {
  const browser = another()

  const both = await Promise.all([scene.ran(state, browser, '--login'), scene.ran(state, browser, '--login')])

  expect(both.map(({ code }) => code)).toEqual([0, 0])
  expect(browser.logins).toBe(1)
  expect(both.filter(({ notes }) => notes.includes('Log in'))).toHaveLength(1)
  expect(filesIn(state)).toHaveLength(1)
})

test.each([
  ['another resource', ['--resource', 'https://other.example/mcp'], /describes "https:\/\/localhost/],
  [
    'an issuer that the server does not trust',
    ['--issuer', 'https://other.example'],
    /Choose the issuer with --issuer/,
  ],
  ['a discovery that is not there', ['--discovery', '1'], /cannot be reached: ECONNREFUSED/],
])('%s is refused before anybody logs in', async (_, more, says) => {
  const { code, out, notes } = await scene.ran(state, null, '--login', ...more)

  expect([code, out]).toEqual([3, ''])
  expect(notes).toMatch(says)
})
