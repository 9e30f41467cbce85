// The API server, as raw JSON, with the credentials of the person's kubeconfig.

import { request as httpsRequest, type RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { isObject } from '../core/is-object.ts'
import { CannotError, type Option, textOf, type Values } from './command.ts'

/** Options of every command that asks a cluster. */
export const kubeOptions: { readonly [name: string]: Option } = {
  kubeconfig: { value: 'PATH', help: 'Kubeconfig; otherwise KUBECONFIG or ~/.kube/config' },
  context: { value: 'NAME', help: 'Context of the kubeconfig; otherwise the current one' },
}

type Answer = { status: number; body: unknown }

export type Kube = {
  config: KubeConfig
  /** A PATCH is a JSON merge patch (RFC 7386). `accept`: the form of the answer, where it is not all of the object. */
  request: (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: object,
    accept?: string,
  ) => Promise<Answer>
}

const timeoutMs = 15_000

/** Reads the kubeconfig. Rejects with `CannotError` when there is none. */
export async function openKube(values: Values): Promise<Kube> {
  // Large, and most of what `connect` and `verify` would load: they ask no cluster.
  const client = await import('@kubernetes/client-node')
  const config = new client.KubeConfig()
  const path = textOf(values, 'kubeconfig')
  const context = textOf(values, 'context')
  try {
    if (path === undefined) config.loadFromDefault()
    else config.loadFromFile(path)
    if (context !== undefined) config.setCurrentContext(context)
  } catch {
    throw new CannotError('The kubeconfig cannot be read: set KUBECONFIG or --kubeconfig')
  }
  const server = config.getCurrentCluster()?.server
  if (server === undefined)
    throw new CannotError('The kubeconfig names no cluster: set KUBECONFIG or --kubeconfig')
  return {
    config,
    request: async (method, path, body, accept = 'application/json') => {
      const options: RequestOptions = { method, headers: {}, timeout: timeoutMs }
      await config.applyToHTTPSOptions(options)
      return await ask(new URL(path, server), options, body, accept)
    },
  }
}

async function ask(
  url: URL,
  options: RequestOptions,
  body: object | undefined,
  accept: string,
): Promise<Answer> {
  const contentType = options.method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  const text = body === undefined ? undefined : JSON.stringify(body)
  return await new Promise((resolve, reject) => {
    const headers = {
      ...(options.headers as { [name: string]: string }),
      accept,
      ...(text === undefined ? {} : { 'content-type': contentType }),
    }
    const sent = httpsRequest(url, { ...options, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks)) }),
      )
    })
    sent.on('timeout', () => sent.destroy(new Error('timeout')))
    sent.on('error', (cause) =>
      reject(new CannotError(`The API server at ${url.host} does not answer: ${cause.message}`, { cause })),
    )
    sent.end(text)
  })
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return {}
  }
}

/** What the API server said: the object, `absent`, or a status that is not permission. */
export type Read<T> = { found: T } | { absent: true } | { denied: number }

/** One object, or why it is not known. */
export async function read<T>(kube: Kube, path: string, accept?: string): Promise<Read<T>> {
  const { status, body } = await kube.request('GET', path, undefined, accept)
  if (status === 200) return { found: body as T }
  return status === 404 ? { absent: true } : { denied: status }
}

/** Whether an object is there, by its metadata alone: what a Secret holds is not sent. */
export async function readMetadata(kube: Kube, path: string): Promise<Read<object>> {
  return await read(kube, path, 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1')
}

/** The items of a list; `denied`: the status of the answer that was none. */
export async function listed<T>(kube: Kube, path: string): Promise<T[] | { denied: number }> {
  const { status, body } = await kube.request('GET', path)
  return status === 200 && isObject(body) && Array.isArray(body['items'])
    ? (body['items'] as T[])
    : { denied: status }
}
