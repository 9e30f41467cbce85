// What the break-glass commands share: grants at the API server, and its answers in words that name no patient.

import { group } from '../../core/identifiers.ts'
import type { BreakGlassGrant } from '../../crds/breakglassgrant.generated.ts'
import { CannotError, serverOf, UsageError } from '../command.ts'
import type { Kube } from '../kube.ts'

/** API path of the grants of a namespace, of all namespaces, or of one grant. */
export function grantsPath(namespace?: string, name?: string): string {
  const within = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  const one = name === undefined ? '' : `/${encodeURIComponent(name)}`
  return `/apis/${group}/v1alpha1${within}/breakglassgrants${one}`
}

/** The one operand `NAMESPACE/NAME`. Throws `UsageError`. */
export function grantIn(command: string, operands: readonly string[]): { namespace: string; name: string } {
  const [one, ...more] = operands
  if (one === undefined || more.length > 0) throw new UsageError(`${command} wants one NAMESPACE/NAME`)
  try {
    const { namespace, server } = serverOf(one)
    return { namespace, name: server }
  } catch {
    throw new UsageError(`${command} wants NAMESPACE/NAME of a BreakGlassGrant`)
  }
}

export async function readGrant(kube: Kube, namespace: string, name: string): Promise<BreakGlassGrant> {
  const { status, body } = await kube.request('GET', grantsPath(namespace, name))
  if (status === 404)
    throw new CannotError(
      `There is no BreakGlassGrant ${namespace}/${name}: hipaa-mcp break-glass list shows them`,
    )
  if (status !== 200) throw refused(status, body, 'read BreakGlassGrants')
  return body as BreakGlassGrant
}

/**
 * Writes one decision into a grant: approval, end or review. Admission adds who and when. `uid`: of the grant that was shown,
 * so that no other of its name is decided instead; what a grant asks for cannot change.
 */
export async function decide(
  kube: Kube,
  namespace: string,
  name: string,
  decision: { [member in 'approval' | 'end' | 'review']?: object },
  uid?: string,
): Promise<BreakGlassGrant> {
  const shown = uid === undefined ? {} : { metadata: { uid } }
  const { status, body } = await kube.request('PATCH', grantsPath(namespace, name), {
    ...shown,
    spec: decision,
  })
  if (status === 409 && uid !== undefined)
    throw new CannotError(
      `${namespace}/${name} is another grant than the one shown: hipaa-mcp break-glass list shows it as it is now`,
    )
  if (status !== 200) throw refused(status, body, 'change BreakGlassGrants')
  return body as BreakGlassGrant
}

type Failure = {
  message?: string
  reason?: string
  details?: { causes?: { field?: string; message?: string }[] }
}

/** Our own policies' words as they are; of the API server's only which fields are wrong, for it repeats their values. */
export function refused(status: number, body: unknown, what: string): CannotError {
  const { message = '', reason = '', details } = body as Failure
  const own = /hipaa-mcp: (.+)$/s.exec(message)?.[1]
  if (own !== undefined) return new CannotError(own.trim())
  const fields = [...new Set((details?.causes ?? []).map(({ field }) => field ?? ''))].filter(Boolean)
  if (fields.length > 0) {
    const rules = (details?.causes ?? []).map(({ message: rule }) => ruleIn(rule ?? '')).filter(Boolean)
    return new CannotError([`The API server refuses ${fields.join(', ')}`, ...new Set(rules)].join(': '))
  }
  if (status === 403) return new CannotError(`You may not ${what}: ask for a role of config/rbac/people.yaml`)
  if (status === 404)
    return new CannotError('This cluster does not know BreakGlassGrants: kubectl apply -k config/default')
  if (status === 409) return new CannotError('There is one of that name already: choose another with --name')
  return new CannotError(`The API server answered ${status} ${reason}: try again, and look at the operator`)
}

/** A rule of the schema, when it is one of our sentences: those hold no value. */
function ruleIn(text: string): string {
  const sentence = /^Invalid value: (?!")(.+)$/s.exec(text)?.[1] ?? ''
  return /["\d{]/.test(sentence) ? '' : sentence
}
