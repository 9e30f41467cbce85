// Asking the API server, as far as a plugin and its installer do: GET alone, with the installer's own token.

import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'
import type { Access } from './on-host.ts'

/** The runtime waits for the plugin, and the kubelet tries again after it: long silence helps nobody. */
const patience = 8_000

/** The answer's body as JSON. Rejects with a sentence for any status but 200; 404 resolves to undefined. */
export async function read(access: Access, path: string): Promise<unknown> {
  const response = await ask(access, path, patience)
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  if (response.statusCode === 404) return undefined
  if (response.statusCode !== 200) throw refused(response.statusCode)
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as unknown
  } catch {
    // Not its words, which quote a pod.
    throw new Error('the API server says no JSON')
  }
}

/**
 * Resolves when something changed below `path` after `resourceVersion`, or nothing did for that many seconds. Rejects
 * where the watch breaks, which its caller takes for a change.
 */
export async function change(
  access: Access,
  path: string,
  resourceVersion: string,
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  const query = `&watch=1&resourceVersion=${encodeURIComponent(resourceVersion)}&timeoutSeconds=${seconds}`
  const response = await ask(access, `${path}${query}`, (seconds + 10) * 1_000, signal)
  if (response.statusCode !== 200) {
    response.destroy()
    throw refused(response.statusCode)
  }
  for await (const _ of response) break
  response.destroy()
}

async function ask(
  { server, ca, token }: Access,
  path: string,
  silence: number,
  signal?: AbortSignal,
): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' }
    const request = get(new URL(path, server), {
      ca,
      headers,
      agent: false,
      ...(signal === undefined ? {} : { signal }),
    })
    request.setTimeout(silence, () => request.destroy(new Error('the API server does not answer')))
    request.once('response', resolve)
    request.once('error', reject)
    // An answer that changes the protocol (101) ends it without a word.
    request.once('close', () => reject(new Error('the API server does not answer')))
  })
}

/** With a code, which a log may hold. */
const refused = (status = 0): Error =>
  Object.assign(new Error(`the API server says ${status}`), { code: `HTTP${status}` })
