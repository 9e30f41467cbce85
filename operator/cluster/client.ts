// The API server's edge: a few verbs on raw JSON. client-node's own calls are not used because its serializer deletes
// every field that it does not know.

import type { ObjectMeta } from '../../core/kubernetes.ts'
import type { Credentials } from './credentials.ts'
import { type Exchange, type Sent, streamed, whole } from './exchange.ts'
import { fieldManager, type Kind, kinds, pathOf } from './kinds.ts'

/** The API server said no, or nothing answered. */
export class ApiError extends Error {
  /** HTTP status; 0 when nothing answered in time. */
  readonly status: number
  /** `reason` of the API server's Status, such as `Conflict`; `Unreachable` or `Timeout` when nothing answered. */
  readonly reason: string
  /** The same, for logs: its message may quote what an object holds. */
  readonly code: string
  constructor(status: number, reason: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
    this.reason = reason
    this.code = reason
  }
}

type Named = { metadata: ObjectMeta }

type ListQuery = {
  namespace?: string
  labelSelector?: string
  limit?: number
  continue?: string
}
type WatchQuery = {
  namespace?: string
  labelSelector?: string
  resourceVersion: string
  timeoutSeconds: number
}
/** Of a pod's log. `sinceTime`: RFC 3339, whole seconds. `previous`: of the container that ran before. */
type LogQuery = {
  container: string
  sinceTime: string
  limitBytes: number
  timestamps: boolean
  previous?: boolean
}
export type List<T> = { items: T[]; metadata: { resourceVersion: string; continue?: string } }

/** All verbs reject with `ApiError` and nothing else. Objects pass as they are: no field is added or lost. */
export interface Client {
  /** The object, or undefined when there is none. */
  get<T>(kind: Kind, namespace: string | undefined, name: string): Promise<T | undefined>
  /** One page. */
  list<T>(kind: Kind, query?: ListQuery): Promise<List<T>>
  /** The bytes of a watch, until the server ends it or `signal` aborts it. */
  watch(kind: Kind, query: WatchQuery, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
  /** Server-side apply: what we say is so, what we stopped saying goes, what others own stays. */
  apply<T extends Named>(kind: Kind, object: T): Promise<T>
  /** The same on the status subresource. */
  applyStatus<T extends Named>(kind: Kind, object: T): Promise<T>
  create<T extends Named>(kind: Kind, object: T): Promise<T>
  /** PUT. With `metadata.resourceVersion` it fails (409) when somebody was faster. */
  replace<T extends Named>(kind: Kind, object: T): Promise<T>
  patch<T>(
    kind: Kind,
    namespace: string | undefined,
    name: string,
    body: unknown,
    how: 'merge' | 'json',
    subresource?: string,
  ): Promise<T>
  /** Deletes; an object that is gone already is no error. With `uid` only that very object. */
  delete(
    kind: Kind,
    namespace: string | undefined,
    name: string,
    uid?: string,
    /** Of DeleteOptions. A Job's pods stay without `Background`. */
    how?: { propagationPolicy?: 'Background'; gracePeriodSeconds?: number },
  ): Promise<void>
  /** What a container wrote, at most `limitBytes` of it. */
  logs(namespace: string, pod: string, query: LogQuery): Promise<string>
  /** POST to a path: reviews and evictions. */
  post<T>(path: string, body: unknown): Promise<T>
}

export type ClientOptions = {
  credentials: Credentials
  /** Milliseconds until a call other than a watch is given up; after a 401 as many again. */
  deadline?: number
  /** Called once an answer: HTTP method and status, 0 for none. */
  observe?: (method: string, status: number) => void
}

type Call = Pick<Sent, 'method' | 'path'> & {
  body?: unknown
  type?: string
  accept?: string
}

export function apiClient(options: ClientOptions): Client {
  const { credentials, deadline = 15_000, observe = () => {} } = options

  /** Sends once; after a 401 once more with fresh credentials. */
  async function send<Answer extends { status: number }>(
    { method, path, body, type, accept }: Call,
    exchange: Exchange<Answer>,
  ): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      // First: while it is asked for, a refresh may put another agent in the place of this one.
      const credential = await credentials.headers()
      const answer = await exchange(credentials.dispatcher, {
        server: credentials.server,
        method,
        path,
        headers: {
          ...credential,
          accept: accept ?? 'application/json',
          ...(body === undefined ? {} : { 'content-type': type ?? 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      observe(method, answer.status)
      if (answer.status !== 401 || attempt > 1) return answer
      await credentials.refresh()
    }
  }

  const call = async <T>(what: Call): Promise<T> => await answerTo(what, (text) => JSON.parse(text) as T)

  async function answerTo<T>(what: Call, read: (text: string) => T): Promise<T> {
    try {
      const { status, text } = await send(what, whole(deadline))
      if (status >= 400) throw refusalOf(status, text)
      return read(text)
    } catch (error) {
      throw asApiError(error, () => observe(what.method, 0))
    }
  }

  const applied = `?fieldManager=${fieldManager}&force=true`
  const managed = `?fieldManager=${fieldManager}`

  return {
    get: async <T>(kind: Kind, namespace: string | undefined, name: string) => {
      try {
        return await call<T>({ method: 'GET', path: pathOf(kind, namespace, name) })
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return undefined
        throw error
      }
    },
    list: async (kind, query = {}) => {
      const { namespace, ...rest } = query
      return await call({ method: 'GET', path: pathOf(kind, namespace) + queryOf(rest) })
    },
    watch: async (kind, { namespace, ...query }, signal) => {
      const path = pathOf(kind, namespace) + queryOf({ ...query, watch: true, allowWatchBookmarks: true })
      try {
        const { status, text, body } = await send({ method: 'GET', path }, streamed(signal))
        if (status < 400) return body
        throw refusalOf(status, text)
      } catch (error) {
        throw asApiError(error, () => observe('GET', 0))
      }
    },
    apply: async (kind, object) =>
      await call({
        method: 'PATCH',
        path: pathOf(...of(kind, object)) + applied,
        body: object,
        type: 'application/apply-patch+yaml',
      }),
    applyStatus: async (kind, object) =>
      await call({
        method: 'PATCH',
        path: pathOf(...of(kind, object), 'status') + applied,
        body: object,
        type: 'application/apply-patch+yaml',
      }),
    create: async (kind, object) =>
      await call({ method: 'POST', path: pathOf(kind, object.metadata.namespace) + managed, body: object }),
    replace: async (kind, object) =>
      await call({ method: 'PUT', path: pathOf(...of(kind, object)) + managed, body: object }),
    patch: async (kind, namespace, name, body, how, subresource) =>
      await call({
        method: 'PATCH',
        path: pathOf(kind, namespace, name, subresource) + managed,
        body,
        type: how === 'merge' ? 'application/merge-patch+json' : 'application/json-patch+json',
      }),
    delete: async (kind, namespace, name, uid, how = {}) => {
      try {
        const body = { ...(uid === undefined ? {} : { preconditions: { uid } }), ...how }
        await call({ method: 'DELETE', path: pathOf(kind, namespace, name), body })
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return
        throw error
      }
    },
    logs: async (namespace, pod, query) =>
      await answerTo(
        {
          method: 'GET',
          path: pathOf(kinds.pod, namespace, pod, 'log') + queryOf(query),
          accept: 'text/plain, */*',
        },
        (text) => text,
      ),
    post: async (path, body) => await call({ method: 'POST', path, body }),
  }
}

function of(kind: Kind, { metadata }: Named): [Kind, string | undefined, string] {
  return [kind, metadata.namespace, metadata.name]
}

function queryOf(query: { [name: string]: string | number | boolean | undefined }): string {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined)
  return entries.length === 0
    ? ''
    : `?${new URLSearchParams(entries.map(([name, value]) => [name, String(value)])).toString()}`
}

/** A Status of the API server; a proxy in between may answer with anything else. */
function refusalOf(status: number, text: string): ApiError {
  try {
    const { reason, message } = JSON.parse(text) as { reason?: string; message?: string }
    return new ApiError(status, reason ?? 'Unknown', message ?? `The API server answered ${status}`)
  } catch {
    return new ApiError(
      status,
      'Unknown',
      `The API server answered ${status} without a Status: look for a proxy in between`,
    )
  }
}

function asApiError(error: unknown, unanswered: () => void): ApiError {
  if (error instanceof ApiError) return error
  unanswered()
  const timedOut = error instanceof Error && error.name === 'TimeoutError'
  return timedOut
    ? new ApiError(0, 'Timeout', 'The API server did not answer in time', { cause: error })
    : new ApiError(0, 'Unreachable', 'The API server cannot be reached: see the cause', { cause: error })
}
