// Clients outside of the cluster as identity tests need them: an official one, and one that sends a message as it is.

import { request } from 'undici'
import { type AgentOptions, agent, type Outcome } from '../../sample/agent.ts'
import { type ClientTls, dispatcherOf, type SignInOptions, signIn } from '../../sample/sign-in.ts'
import { aCall } from '../../support/message.ts'
import { issuer, url } from './outside.ts'
import { patients } from './stdio-ehr.ts'

export const patient_id = patients[5]?.patient.id ?? ''

/** Why a call was refused, or that it was not. */
export const reasonOf = (outcome: Outcome): unknown =>
  outcome.ok ? 'served' : (outcome.data as { reason?: string } | undefined)?.reason

/** One call of an official client. */
export async function diagnosis(tls: ClientTls, more: Partial<AgentOptions>): Promise<Outcome> {
  const one = agent({ ...more, url, tls })
  try {
    return await one.call('get_diagnosis', { patient_id })
  } finally {
    await one.close()
  }
}

/** A token of the identity provider's pod, for a clinician who signs in over this certificate. */
export async function tokenOver(tls: ClientTls, asked: Partial<SignInOptions>): Promise<string> {
  const options = { issuer, tls, person: 'clinician', resource: url, ...asked }
  return (await signIn(options)).accessToken
}

/** What a client learns from a challenge, and from where it points, for its next sign-in. */
export async function followed(challenge: string, tls: Required<ClientTls>): Promise<Partial<SignInOptions>> {
  const found = challenge.matchAll(/([a-z_]+)="([^"]*)"/g)
  const told = Object.fromEntries([...found].map(([, member = '', value = '']) => [member, value]))
  // Over the discovery port, without the certificate.
  const dispatcher = dispatcherOf({ ca: tls.ca, hosts: tls.hosts })
  const answer = await request(told['resource_metadata'] ?? '', { dispatcher })
  const metadata = (await answer.body.json()) as { resource: string; authorization_servers: string[] }
  await dispatcher.close()
  return {
    issuer: metadata.authorization_servers[0] ?? '',
    resource: metadata.resource,
    scope: `openid ${told['scope']}`,
    wanted: { acrValues: told['acr_values'] ?? '', maxAge: told['max_age'] ?? '' },
  }
}

/** One message as it is, without a client that would mend it: status, and why it was refused. */
export async function raw(tls: ClientTls, headers: { [name: string]: string }): Promise<[number, unknown]> {
  const sent = aCall({ patient_id }, { revision: '2026-07-28', purpose: null })
  const dispatcher = dispatcherOf(tls)
  const answer = await request(url, {
    dispatcher,
    method: 'POST',
    body: sent.body,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...sent.headers,
      ...headers,
    },
  })
  const { error } = (await answer.body.json()) as { error?: { data?: { reason?: string } } }
  await dispatcher.close()
  return [answer.statusCode, error === undefined ? 'served' : error.data?.reason]
}
