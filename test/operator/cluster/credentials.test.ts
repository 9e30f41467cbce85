import { KubeConfig } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { credentials } from '../../../operator/cluster/credentials.ts'

function config(user: { token?: string; username?: string; password?: string }): KubeConfig {
  const made = new KubeConfig()
  made.loadFromOptions({
    clusters: [{ name: 'c', server: 'https://127.0.0.1:1/' }],
    users: [{ name: 'u', ...user }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  })
  return made
}

test('a token is shown as it is, a name with its password as RFC 7617 has it', async () => {
  const bearer = await credentials(() => config({ token: 'one' }))
  const basic = await credentials(() => config({ username: 'ada', password: 'pw' }))

  expect(bearer.server).toBe('https://127.0.0.1:1')
  expect(await bearer.headers()).toEqual({ Authorization: 'Bearer one' })
  expect(await basic.headers()).toEqual({ Authorization: 'Basic YWRhOnB3' })
  for (const one of [bearer, basic]) await one.close()
})

test('what was remembered does not outlive a refresh', async () => {
  const tokens = ['one', 'two']
  const access = await credentials(() => config({ token: tokens.shift() ?? '' }))
  await access.headers()

  await access.refresh()

  expect(await access.headers()).toEqual({ Authorization: 'Bearer two' })
  await access.close()
})

test('two who are refused at once refresh once', async () => {
  let loaded = 0
  const access = await credentials(() => {
    loaded += 1
    return config({ token: 'one' })
  })

  await Promise.all([access.refresh(), access.refresh()])

  expect(loaded).toBe(2)
  await access.close()
})
