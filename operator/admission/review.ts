// AdmissionReview, admission.k8s.io/v1: what the API server asks, and the only two ways in which we answer.

import { isDeepStrictEqual } from 'node:util'
import { pointerOf } from '../../core/pointer.ts'
import type { What } from './asked.ts'
import type { Pod } from './pod.ts'

export type Request = {
  uid: string
  operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  namespace: string
  name?: string
  subResource?: string
  dryRun?: boolean
  resource: { group: string; version: string; resource: string }
  object: unknown
  oldObject?: unknown
  /** The person or program that asks, as the API server knows them. */
  userInfo?: { username: string }
}

export type Operation =
  | { op: 'add' | 'replace'; path: string; value: unknown }
  | { op: 'remove'; path: string }

/**
 * `warnings`: what kubectl shows besides, 256 bytes each. `grant`: the emergency under which somebody is let in. `observed`:
 * what a policy in the API server is about to answer. `asked`: what a new pod says that is put right, or that few say.
 * `auditAnnotations`: what the API server writes into its audit log, the webhook's name before each.
 */
export type Verdict = (
  | { allowed: true; patch?: Operation[]; grant?: string; observed?: string; asked?: readonly What[] }
  | { allowed: false; message: string }
) & {
  warnings?: string[]
  auditAnnotations?: { readonly [name: string]: string }
}

/** Why it does not come in, by whomever that is said; undefined where it does. */
export function refusalIn(verdict: Verdict): string | undefined {
  return verdict.allowed ? verdict.observed : verdict.message
}

export const allowed: Verdict = { allowed: true }

/** Refuses with every violation in one message, so that nobody has to try once for each. */
export function refusal(violations: readonly string[]): Verdict & { allowed: false } {
  return { allowed: false, message: `hipaa-mcp: ${violations.join('; ')}` }
}

/** Reads a review. Throws when it is none: the API server then counts us as failed, which refuses. */
export function requestIn(text: string): Request {
  const review = JSON.parse(text) as { kind?: string; request?: Request }
  const { request } = review
  if (review.kind !== 'AdmissionReview' || typeof request?.uid !== 'string')
    throw new TypeError('Not an AdmissionReview with a request')
  return request.subResource === 'proxy' && typeof request.name === 'string'
    ? { ...request, name: proxied(request.name) }
    : request
}

/**
 * Whom a proxy goes to: such a request names `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT` where others have the name (SplitSchemeNamePort of
 * k8s.io/apimachinery, by which the API server finds the pod or Service).
 */
function proxied(name: string): string {
  const parts = name.split(':')
  const [first = '', second = ''] = parts
  return parts.length === 3 ? second : parts.length === 2 ? first : name
}

/** The resource and its subresource, such as `pods/exec`. */
export function whatOf({ resource, subResource }: Pick<Request, 'resource' | 'subResource'>): string {
  return [resource.resource, subResource].filter(Boolean).join('/')
}

/** The answer's body. */
export function reviewOf(uid: string, verdict: Verdict): object {
  const response = verdict.allowed
    ? { uid, allowed: true, ...patched(verdict.patch ?? []) }
    : { uid, allowed: false, status: { code: 403, reason: 'Forbidden', message: verdict.message } }
  const { warnings, auditAnnotations } = verdict
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    // JSON has no member of what is undefined.
    response: { ...response, warnings, auditAnnotations },
  }
}

function patched(patch: Operation[]) {
  if (patch.length === 0) return {}
  return { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }
}

/** JSON Patch (RFC 6902) from one pod to another, a member of `metadata` or `spec` at a time. */
export function patchOf(from: Pod, to: Pod): Operation[] {
  return (['metadata', 'spec'] as const).flatMap((part) => {
    const [before, after]: { [member: string]: unknown }[] = [from[part], to[part]]
    const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])
    return [...names].flatMap((name): Operation[] => {
      const [was, is] = [before?.[name], after?.[name]]
      if (isDeepStrictEqual(was, is)) return []
      const path = `/${part}${pointerOf(name)}`
      if (is === undefined) return [{ op: 'remove', path }]
      return [{ op: was === undefined ? 'add' : 'replace', path, value: is }]
    })
  })
}
