// `hipaa-mcp connect` at Keycloak: a person logs in on its own pages, an official client calls, and what an administrator
// does there meanwhile (new keys, ended sessions) is no outage.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { type KeySource, keySets } from '../../operator/jwks.ts'
import { call, simple, host as startHost } from '../integration/connect/host.ts'
import { aConnectScene, type ConnectScene } from '../integration/connect/scene.ts'
import { connectClient } from '../sample/accounts.ts'
import { aPerson, type Person } from '../support/keycloak/person.ts'
import { deviceClientId, enrolClientId, makeRealm, realmName } from '../support/keycloak/realm.ts'
import { type Keycloak, startKeycloak } from '../support/keycloak/server.ts'
import { verifies } from '../verifies.ts'

/** So short that tokens are renewed while a test looks on. */
const tokenSeconds = 24
const trusted = {
  provider: 'Keycloak' as const,
  algorithms: ['RS256' as const],
  roles: { claim: '/realm_access/roles' },
  mfa: { acr: ['gold'] },
}
const purpose = { claim: '/purpose_of_use' }

let keycloak: Keycloak
let scene: ConnectScene
let state: string
const people: Person[] = []

beforeAll(async () => {
  scene = await aConnectScene({
    provider: async ({ url, clientCa }) => {
      keycloak = await startKeycloak([clientCa])
      const issuer = await makeRealm(keycloak, { resource: url, tokenSeconds })
      return { issuer, ca: keycloak.ca, trusted, close: async () => await keycloak.stop() }
    },
  })
  console.log(`    Keycloak was up in ${keycloak.seconds.toFixed(0)} s`)
}, 600_000)
afterAll(async () => {
  if (keycloak !== undefined) console.log(`    Keycloak held ${keycloak.memory()} MiB`)
  for (const one of people) await one.close()
  // Where the scene did not come about nothing else ends it.
  await (scene === undefined ? keycloak?.stop() : scene.end())
}, 60_000)
beforeEach(() => {
  state = scene.folder()
})

/** At a browser of their own, where nobody is logged in. */
function someone(name = 'clinician'): Person {
  const person = aPerson({ name, ca: keycloak.ca })
  people.push(person)
  return person
}

const byKey = ['--client-id', connectClient.dpopId]
const host = async (person: Person, ...more: string[]) => await startHost(scene, state, person, more)

const calls = async () =>
  (await scene.records()).flatMap((record) =>
    record.kind === 'intent' && record.method === 'tools/call' ? [record] : [],
  )

verifies(
  'authentication:connect',
  'at Keycloak, bound by DPoP: one login, and tokens are renewed',
  async () => {
    await scene.use({ binding: 'DPoP', purpose })
    const person = someone()
    const { client, heard } = await host(person, ...byKey)

    expect(await call(client)).toEqual(simple)
    await sleep(tokenSeconds * 1_000)
    expect(await call(client)).toEqual(simple)

    expect(person.typed).toEqual(['password', 'code'])
    // Keycloak would know them by their cookie, and ask for nothing.
    expect(heard.text().match(/Log in/g)).toHaveLength(1)
    expect(heard.text()).toContain('Purpose of use in force: TREAT (treatment), stated by your login')
    const [first, second] = (await calls()).slice(-2)
    expect(first?.who).toMatchObject({
      clientId: connectClient.dpopId,
      key: expect.stringMatching(/^[\w-]{43}$/),
      mfa: { rule: 'keycloak-acr', value: 'gold', grade: 'configured' },
    })
    expect(second?.who.token).not.toBe(first?.who.token)
    expect(second?.who.mfa.authTime).toBe(first?.who.mfa.authTime)
    await client.close()
  },
)

verifies('authentication:connect', 'at Keycloak, bound by certificates of CAs that it knows', async () => {
  await scene.use({ binding: 'Certificate', purpose })
  const person = someone()
  const { client, heard } = await host(person, '--enrol-client', enrolClientId)

  expect(await call(client)).toEqual(simple)
  await sleep(tokenSeconds * 1_000)
  expect(await call(client)).toEqual(simple)

  // The second token follows by itself: Keycloak knows the person, and the code is not a minute old.
  expect(person.typed).toEqual(['password', 'code'])
  expect(heard.text().match(/Log in/g)).toHaveLength(1)
  const [first, second] = (await calls()).slice(-2)
  expect(first?.who.clientId).toBe(connectClient.id)
  expect(second?.who.certificate).toBe(first?.who.certificate)
  await client.close()
})

verifies(
  'authentication:connect',
  'at Keycloak, without a certificate that it knows, it is said what helps',
  async () => {
    await scene.use({ binding: 'Certificate', purpose })

    const { code, notes } = await scene.ran(state, someone(), '--login')

    expect(code).toBe(3)
    expect(notes).toContain('--enrol-client')
  },
)

verifies('authentication:connect', 'at Keycloak, by device code', async () => {
  await scene.use({ binding: 'DPoP', purpose })
  const person = someone('untrained')
  const { client } = await host(person, '--client-id', deviceClientId, '--device')

  expect(await call(client)).toEqual(simple)

  expect(person.typed).toEqual(['password', 'code'])
  await client.close()
})

verifies(
  'authentication:connect',
  'at Keycloak, by device code and a client that was not set up for it, one factor gets nothing',
  async () => {
    await scene.use({ binding: 'DPoP', purpose })
    const person = someone('untrained')

    const { code, notes } = await scene.ran(state, person, ...byKey, '--device', '--login')

    // Keycloak passes over acr_values there.
    expect([code, person.typed]).toEqual([3, ['password']])
    expect(notes).toContain('The login did not prove more than one factor')
  },
)

verifies(
  'authentication:connect',
  'at Keycloak, a step-up is a new login, whole, and the session goes on',
  async () => {
    await scene.use({ binding: 'DPoP', purpose })
    const person = someone('untrained')
    const { client } = await host(person, ...byKey)
    expect(await call(client)).toEqual(simple)
    await sleep(62_000)
    await scene.use({ binding: 'DPoP', purpose, mfa: { maxAge: '1m' } })

    expect(await call(client)).toEqual(simple)

    expect(person.typed).toEqual(['password', 'code', 'password', 'code'])
    const refused = (await scene.records()).flatMap((one) => (one.kind === 'refusal' ? [one.reason] : []))
    expect(refused).toContain('mfa-too-old')
    const [before, after] = (await calls()).slice(-2)
    expect((after?.who.mfa.authTime ?? 0) - (before?.who.mfa.authTime ?? 0)).toBeGreaterThan(60)
    await client.close()
  },
)

verifies('authentication:issuers', 'Keycloak’s keys are replaced while a person works', async () => {
  const told = { binding: 'DPoP' as const, purpose }
  await scene.use(told)
  // As the operator fetches them; a sidecar asks when a token names a key that is not there.
  const source: KeySource = { url: scene.issuer, ca: keycloak.ca }
  const { channel } = scene.installation
  const asked = channel.unknownKeys.length
  const said: string[] = []
  const log = {
    info: () => {},
    warn: (line: string) => said.push(line),
    error: (line: string) => said.push(line),
  }
  const sets = keySets({
    log,
    onChange: () => {
      const keySet = sets.get(source)
      if (keySet !== undefined) void scene.use(told, { jwks: { [scene.issuer]: keySet } })
    },
  })
  channel.onUnknownKey = () => sets.refresh(source)
  try {
    sets.want([source])
    const { client } = await host(someone(), ...byKey)
    expect(await call(client)).toEqual(simple)
    const old = await keyProviders()
    await keycloak.admin('POST', `/realms/${realmName}/components`, newKey)

    // By then a token of the new key is in use; those of before were signed with the old one.
    const end = performance.now() + 2 * tokenSeconds * 1_000
    let served = 0
    while (performance.now() < end) {
      expect(await call(client)).toEqual(simple)
      served += 1
      await sleep(500)
    }
    for (const id of old) await keycloak.admin('DELETE', `/realms/${realmName}/components/${id}`)
    await sleep(tokenSeconds * 1_000)
    expect(await call(client)).toEqual(simple)

    expect(served).toBeGreaterThan(10)
    expect(channel.unknownKeys.slice(asked)).toEqual([scene.issuer])
    expect(said).toEqual([])
    await client.close()
  } finally {
    sets.stop()
    channel.onUnknownKey = () => undefined
  }
})

const newKey = {
  name: 'rotated',
  providerId: 'rsa-generated',
  providerType: 'org.keycloak.keys.KeyProvider',
  config: { priority: ['200'], algorithm: ['RS256'] },
}

/** Of the keys that sign tokens now. */
async function keyProviders(): Promise<string[]> {
  const path = `/realms/${realmName}/components?type=org.keycloak.keys.KeyProvider`
  const found = (await keycloak.admin('GET', path)) as { id: string; providerId: string }[]
  return found.filter(({ providerId }) => providerId === 'rsa-generated').map(({ id }) => id)
}

verifies(
  'authentication:connect',
  'a session that was ended at Keycloak is a new login, and no longer',
  async () => {
    await scene.use({ binding: 'DPoP', purpose })
    const person = someone('untrained')
    const { client } = await host(person, ...byKey)
    expect(await call(client)).toEqual(simple)
    const users = (await keycloak.admin('GET', `/realms/${realmName}/users?username=untrained`)) as {
      id: string
    }[]
    await keycloak.admin('POST', `/realms/${realmName}/users/${users[0]?.id}/logout`)

    // The token of before is good until it expires; it is not renewed.
    expect(await call(client)).toEqual(simple)
    expect(person.typed).toEqual(['password', 'code'])
    await sleep(tokenSeconds * 1_000)

    expect(await call(client)).toEqual(simple)
    expect(person.typed).toEqual(['password', 'code', 'password', 'code'])
    await client.close()
  },
)
