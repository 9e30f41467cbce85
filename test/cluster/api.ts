// The cluster's API as raw JSON, for what the node itself needs of it. Tests use the product's own client or kubectl.

import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'

export type Api = {
  /** The answer's JSON (or text, where it is none). Rejects with the server's own message on a status of 400 and more. */
  call: <Answer = unknown>(
    method: Method,
    path: string,
    body?: unknown,
    contentType?: string,
  ) => Promise<Answer>
  /** Server-side apply of one object; its name and namespace are those of its API path. */
  apply: (path: string, object: object) => Promise<void>
  close: () => Promise<void>
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

type Kubeconfig = {
  clusters: { cluster: { server: string; 'certificate-authority': string } }[]
  users: { user: { 'client-certificate': string; 'client-key': string } }[]
}

/** A refusal of the API server. */
export class ApiError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** A client by a kubeconfig as `certificates.ts` writes it. */
export async function connect(kubeconfig: string): Promise<Api> {
  const { clusters, users } = JSON.parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig
  const [{ cluster }, { user }] = [only(clusters), only(users)]
  const [ca, cert, key] = await Promise.all(
    [cluster['certificate-authority'], user['client-certificate'], user['client-key']].map(
      async (file) => await readFile(file, 'utf8'),
    ),
  )
  const agent = new Agent({
    connect: { ca: ca ?? '', cert: cert ?? '', key: key ?? '', timeout: 5_000 },
    headersTimeout: 30_000,
    bodyTimeout: 30_000,
  })
  const call: Api['call'] = async <Answer>(
    method: Method,
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ) => {
    const answer = await request(`${cluster.server}${path}`, {
      method,
      dispatcher: agent,
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': contentType }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.body.text()
    if (answer.statusCode >= 400)
      throw new ApiError(answer.statusCode, `${method} ${path}: ${text.slice(0, 500)}`)
    const json = String(answer.headers['content-type']).includes('json')
    return (json ? JSON.parse(text) : text) as Answer
  }
  return {
    call,
    apply: async (path, object) => {
      const metadata = { ...(object as { metadata?: object }).metadata, name: basename(path) }
      const query = 'fieldManager=test-cluster&force=true'
      await call('PATCH', `${path}?${query}`, { ...object, metadata }, 'application/apply-patch+yaml')
    },
    close: async () => await agent.close(),
  }
}

function only<Item>(items: readonly Item[]): Item {
  const [first] = items
  if (first === undefined)
    throw new Error('The kubeconfig is not one of the test cluster: remove the cluster and start it anew')
  return first
}

/**
 * Asks until the answer is true, every tenth of a second; an attempt that rejects counts as "not yet". Rejects when
 * `seconds` have passed, with what `why` gives (a log's last lines, say) and the last rejection.
 */
export async function until(
  what: string,
  seconds: number,
  holds: () => Promise<boolean>,
  why: () => Promise<string> = async () => '',
): Promise<void> {
  const deadline = performance.now() + seconds * 1000
  let last = ''
  for (;;) {
    const done = await holds().catch((error: unknown) => {
      last = String(error)
      return false
    })
    if (done) return
    if (performance.now() > deadline) {
      throw new Error([`Waited ${seconds} s in vain: ${what}`, await why(), last].filter(Boolean).join('\n'))
    }
    await sleep(100)
  }
}
