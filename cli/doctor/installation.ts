// Kinds, programs, webhooks, certificates and admission policies. Pure: from what was read to lines.

import { X509Certificate } from 'node:crypto'
import { systemNamespace } from '../../core/identifiers.ts'
import { observedRules } from '../../operator/admission/observed.generated.ts'
import type { Read } from '../kube.ts'
import { type Check, ok, unknown, wrong } from './check.ts'

const part = 'installation'

/** The line of something that is not there or may not be read; undefined where it is there. */
function missing<T>(name: string, read: Read<T>, advice: string): Check | undefined {
  if ('absent' in read) return wrong(part, name, advice)
  return 'denied' in read ? unknown(part, name, `you may not read it (${read.denied})`) : undefined
}

const install = 'it is not there: kubectl apply -k config/default'

type Kind = { status?: { conditions?: { type: string; status: string }[] } }
export function kindCheck(name: string, read: Read<Kind>): Check {
  const away = missing(name, read, install)
  if (away !== undefined || !('found' in read)) return away as Check
  const established = read.found.status?.conditions?.some(
    ({ type, status }) => type === 'Established' && status === 'True',
  )
  return established === true
    ? ok(part, name, 'served')
    : wrong(part, name, 'it is not served: kubectl describe crd says why')
}

export type Program = { spec?: { replicas?: number }; status?: { readyReplicas?: number } }
/** As config/default has them. */
const programs = { operator: ['deployment', 2], collector: ['statefulset', 1] } as const

export function programCheck(name: keyof typeof programs, read: Read<Program>): Check {
  const [kind, usual] = programs[name]
  const away = missing(name, read, install)
  if (away !== undefined || !('found' in read)) return away as Check
  const [ready, wanted] = [read.found.status?.readyReplicas ?? 0, read.found.spec?.replicas ?? 1]
  if (wanted === 0)
    return wrong(
      part,
      name,
      `it is scaled to 0, and what stands in status is of before: kubectl scale ${kind}/hipaa-mcp-${name} -n ${systemNamespace} --replicas=${usual}`,
    )
  if (ready === 0)
    return wrong(
      part,
      name,
      `none of ${wanted} is ready: kubectl describe pods -n ${systemNamespace}, and /readyz on port 8081 says why`,
    )
  return ready < wanted
    ? wrong(part, name, `${ready} of ${wanted} ready: look at the Events of the others`)
    : ok(part, name, `${ready} of ${wanted} ready`)
}

/** `read`: metadata. What it holds is compared by the operator, which has it (hipaa_mcp_ca_secret_held). */
export function authorityCheck(name: string, read: Read<object>): Check {
  const away = missing(
    name,
    read,
    'it is not there. Where the operator runs, somebody deleted it: restore it from a backup, and restart no pod of the operator before, for the next one makes another CA, which no guarded pod trusts (docs/injection.md)',
  )
  return away ?? ok(part, name, 'there')
}

type Webhooks = {
  webhooks?: { name: string; failurePolicy?: string; clientConfig?: { caBundle?: string } }[]
}
/** Webhooks that only advise or observe: a policy must be writable whatever is away, and other policies refuse what they see. */
const advising: ReadonlySet<string> = new Set(
  ['policies', ...Object.keys(observedRules).map((id) => `observe-${id}`)].map(
    (name) => `${name}.hipaa-mcp.dev`,
  ),
)

export function webhookCheck(name: string, read: Read<Webhooks>, now: number): Check {
  const away = missing(name, read, `${install}. Until then new pods of enrolled namespaces are not injected`)
  if (away !== undefined || !('found' in read)) return away as Check
  const { webhooks = [] } = read.found
  const open = webhooks.filter((one) => one.failurePolicy !== 'Fail' && !advising.has(one.name))
  if (open.length > 0)
    return wrong(
      part,
      name,
      `failurePolicy of ${open.map((one) => one.name).join(', ')} is not Fail: what cannot be judged would be let in`,
    )
  const ends = webhooks.map(({ clientConfig }) => endOf(clientConfig?.caBundle))
  if (webhooks.length === 0 || ends.includes(undefined))
    return wrong(
      part,
      name,
      'a webhook has no caBundle: the operator writes it within a minute, its log says why not',
    )
  const first = Math.min(...(ends as number[]))
  if (first <= now) return wrong(part, name, 'its CA has expired: no pod of an enrolled namespace starts')
  return ok(
    part,
    name,
    `calls the operator; its CA is good until ${new Date(first).toISOString().slice(0, 10)}`,
  )
}

function endOf(bundle: string | undefined): number | undefined {
  try {
    return new X509Certificate(Buffer.from(bundle ?? '', 'base64')).validToDate.getTime()
  } catch {
    return undefined
  }
}

type Policy = { spec?: { failurePolicy?: string; variables?: { name: string; expression: string }[] } }
type Binding = { spec?: { validationActions?: string[] } }

/** `image`: what the operator injects, where that is known. */
export function policyCheck(
  name: string,
  read: Read<Policy>,
  binding: Read<Binding>,
  image: string | undefined,
): Check {
  const away =
    missing(name, read, install) ??
    missing(name, binding, `it has no binding, so it holds nothing: ${install}`)
  if (away !== undefined || !('found' in read) || !('found' in binding)) return away as Check
  if (read.found.spec?.failurePolicy !== 'Fail')
    return wrong(part, name, 'its failurePolicy is not Fail: apply config/default again')
  if (binding.found.spec?.validationActions?.includes('Deny') !== true)
    return wrong(part, name, 'its binding does not Deny, so it holds nothing: apply config/default again')
  const named = read.found.spec.variables?.find((one) => one.name === 'image')?.expression.replaceAll("'", '')
  if (named !== undefined && image !== undefined && named !== image)
    return wrong(
      part,
      name,
      'it names another image than the operator injects, so every guarded pod is refused: apply config/default as a whole',
    )
  return ok(part, name, 'in force')
}
