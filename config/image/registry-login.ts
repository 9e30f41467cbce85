// How to be let in by a registry: the credentials of `docker login`, and the token that a registry asks for.

import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import { run } from './run.ts'

export type Credentials = { user: string; password: string }

type DockerConfig = {
  auths?: Record<string, { auth?: string }>
  credsStore?: string
  credHelpers?: Record<string, string>
}

/** What `docker login` stored for a registry, in its file or with its helper program; undefined if nothing. */
export async function storedCredentials(registry: string): Promise<Credentials | undefined> {
  const folder = process.env['DOCKER_CONFIG'] || join(homedir(), '.docker')
  const text = await readFile(join(folder, 'config.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const config = JSON.parse(text) as DockerConfig
  const key = registry === 'registry-1.docker.io' ? 'https://index.docker.io/v1/' : registry
  const auth = config.auths?.[key]?.auth
  if (auth) {
    const [user = '', ...rest] = Buffer.from(auth, 'base64').toString().split(':')
    return { user, password: rest.join(':') }
  }
  const helper = config.credHelpers?.[registry] ?? config.credsStore
  if (helper === undefined) return undefined
  const answer = await run(`docker-credential-${helper}`, ['get'], { input: key }).catch(() => undefined)
  if (answer === undefined) return undefined
  const { Username: user, Secret: password } = JSON.parse(answer) as { Username: string; Secret: string }
  return { user, password }
}

export type Authorization = {
  /** The header to send now, if any is known to be wanted. */
  header: () => Promise<string | undefined>
  /** Answers a 401's challenge (RFC 7235; bearer as in the distribution project's token specification). */
  challenged: (challenge: string) => Promise<void>
}

/** Keeps the authorization for pushing to one repository. */
export function authorization(registry: string, repository: string, given?: Credentials): Authorization {
  let header: string | undefined
  return {
    header: async () => header,
    challenged: async (challenge) => {
      const known = given ?? (await storedCredentials(registry))
      const basic = known && `Basic ${Buffer.from(`${known.user}:${known.password}`).toString('base64')}`
      header = /^basic\b/i.test(challenge) ? basic : await token(challenge, repository, basic)
    },
  }
}

async function token(
  challenge: string,
  repository: string,
  basic: string | undefined,
): Promise<string | undefined> {
  const fields = new Map(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  )
  const realm = fields.get('realm')
  if (!/^bearer\b/i.test(challenge) || realm === undefined) return undefined
  const url = new URL(realm)
  // A password goes over TLS, or not further than this machine.
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url.protocol !== 'https:' && !local)
    throw new Error(
      `The registry sends logins to ${url.origin}, which is not HTTPS: push to another registry`,
    )
  const service = fields.get('service')
  if (service !== undefined) url.searchParams.set('service', service)
  url.searchParams.set('scope', `repository:${repository}:pull,push`)
  const answer = await request(url, { headers: basic === undefined ? {} : { authorization: basic } })
  const body = await answer.body.text()
  if (answer.statusCode !== 200) return undefined
  const { token: first, access_token: second } = JSON.parse(body) as { token?: string; access_token?: string }
  const value = first ?? second
  return value === undefined ? undefined : `Bearer ${value}`
}
