// Certificates as the operator gives them, and peers that use them over real TLS.

import type { IncomingHttpHeaders } from 'node:http'
import { Agent, request } from 'undici'
import type { Pod } from '../../collector/registry.ts'
import { certificateRequest, newKey, pemOf } from '../../core/csr.ts'
import { identity } from '../../core/identifiers.ts'
import { type Authority, makeAuthority } from '../../operator/authority/ca.ts'
import { proved } from '../../operator/authority/certificate-request.ts'
import { issue } from '../../operator/authority/issue.ts'

export type Certificate = { key: string; cert: string }

export async function anAuthority(): Promise<Authority> {
  return await makeAuthority('test', Date.now())
}

/** A certificate with this URI name. */
export async function certify(
  authority: Authority,
  uri: string | undefined,
  said: { names?: string[]; seconds?: number; now?: number } = {},
): Promise<Certificate> {
  const key = newKey()
  return { key: pemOf(key), cert: await certifyRequest(authority, certificateRequest(key), uri, said) }
}

/** Signs a certificate request, as the operator does. */
export async function certifyRequest(
  authority: Authority,
  csr: string,
  uri: string | undefined,
  {
    names = ['localhost'],
    seconds = 600,
    now = Date.now(),
  }: { names?: string[]; seconds?: number; now?: number } = {},
): Promise<string> {
  const read = await proved(csr)
  if ('refused' in read) throw new Error(read.refused)
  const leaf = { publicKey: read.publicKey, names, usages: ['server', 'client'] as const, seconds }
  return await issue(authority, { ...leaf, ...(uri === undefined ? {} : { identity: uri }) }, now)
}

export const uriOf = (pod: Pod): string => identity.sidecar(pod.namespace, pod.server, pod.podUid)

export type Answered = { status: number; text: string; headers: IncomingHttpHeaders }

/** Somebody who asks the collector. */
export class Peer {
  readonly #agent: Agent
  readonly #base: string
  constructor(port: number, ca: string, certificate?: Certificate) {
    this.#base = `https://localhost:${port}`
    this.#agent = new Agent({ connect: { ca, ...certificate }, connections: 8 })
  }

  async ask(method: 'GET' | 'POST', path: string, body?: string | Buffer): Promise<Answered> {
    const {
      statusCode,
      body: answer,
      headers,
    } = await request(`${this.#base}${path}`, {
      method,
      dispatcher: this.#agent,
      ...(body === undefined ? {} : { body }),
    })
    return { status: statusCode, text: await answer.text(), headers }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}
