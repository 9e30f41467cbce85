// HipaaMcpServer (+ agreements) -> policy document. Pure. Every default of the API is spelled out here once more, so
// that an object that came around the API server's defaulting is no laxer.

import type { BusinessAssociateAgreement } from '../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../crds/hipaamcpserver.generated.ts'
import type { Json } from './canonical.ts'
import { secondsIn } from './duration.ts'
import {
  type AppMetrics,
  algorithms,
  type Egress,
  type FromServer,
  type Issuer,
  type Limits,
  type ModelRules,
  type Policy,
  type Prompt,
  policySchema,
  type Resource,
  type Returns,
  type ReturnsFor,
  type Role,
  type Tool,
} from './policy.ts'
import { policyIssues } from './policy-issues.ts'

/** What the operator knows besides the object. `clientCa`: the operator's own client CA, PEM. */
export type Surroundings = { agreements: readonly BusinessAssociateAgreement[]; clientCa: string }

/**
 * The policy of a server. `issues` are what a person must mend; with any of them there is no policy, and the server
 * locks. Agreements that are missing or over are no issue: they close an egress, not the server.
 */
export function compilePolicy(
  server: HipaaMcpServer,
  surroundings: Surroundings,
): { policy: Policy } | { issues: string[] } {
  const { spec, metadata } = server
  const issues: string[] = []

  const seconds = (text: string, where: string): number => {
    const value = secondsIn(text)
    if (value === undefined) issues.push(`${where} is no duration: write for example 15m, 8h or 365d`)
    return value ?? 0
  }

  const { training } = spec.identity
  const policy: Policy = {
    schema: policySchema,
    server: { namespace: metadata.namespace ?? '', name: metadata.name },
    profile: spec.profile ?? 'Production',
    maxPolicyAgeSeconds: seconds(spec.maxPolicyAge ?? '15m', 'maxPolicyAge'),
    workload: {
      port: spec.workload.port,
      path: spec.workload.path,
      transport: spec.workload.transport ?? 'StreamableHttp',
      ...(spec.workload.metrics === undefined ? {} : { metrics: metricsOf(spec.workload.metrics) }),
    },
    tls: {
      minVersion: spec.tls?.minVersion === '1.2' ? 'TLSv1.2' : 'TLSv1.3',
      clientCa: spec.tls?.clientCa?.pem ?? surroundings.clientCa,
    },
    ...(spec.http === undefined ? {} : { http: httpOf(spec.http) }),
    ...(spec.tls?.discovery === undefined
      ? {}
      : {
          discovery: {
            port: spec.tls.discovery.port,
            // Another CA's certificates are that CA's to give out.
            ...(spec.tls.clientCa === undefined ? { enrols: true } : {}),
          },
        }),
    issuers: spec.identity.issuers.map(issuerOf),
    binding: spec.identity.binding ?? 'Certificate',
    mfa: { maxAgeSeconds: seconds(spec.identity.mfa?.maxAge ?? '8h', 'identity.mfa.maxAge') },
    sessions: {
      idleSeconds: seconds(spec.identity.sessions?.idle ?? '15m', 'identity.sessions.idle'),
      absoluteSeconds: seconds(spec.identity.sessions?.absolute ?? '12h', 'identity.sessions.absolute'),
    },
    ...(training === undefined
      ? {}
      : {
          training: {
            claim: training.claim,
            maxAgeSeconds: seconds(training.maxAge ?? '365d', 'identity.training.maxAge'),
          },
        }),
    purpose: spec.identity.purpose === undefined ? {} : { claim: spec.identity.purpose.claim },
    ...(spec.identity.patient === undefined ? {} : { patient: { claim: spec.identity.patient.claim } }),
    ...(spec.identity.panel === undefined ? {} : { panel: { claim: spec.identity.panel.claim } }),
    ...(spec.relations === undefined ? {} : { relations: relationsOf(spec.relations) }),
    roles: spec.roles.map(roleOf),
    tools: spec.tools.map(toolOf),
    resources: (spec.resources ?? []).map(resourceOf),
    prompts: (spec.prompts ?? []).map(promptOf),
    fromServer: fromServerOf(spec.fromServer ?? {}),
    redaction: redactionOf(spec.redaction),
    trail: { acknowledge: spec.trail?.acknowledge ?? 'Stream' },
    egress: (spec.network?.egress ?? []).flatMap((entry): Egress[] => {
      const leads = egressOf(entry, spec, surroundings)
      if (leads === undefined)
        issues.push(
          'An egress to a store needs the store, host, protocol and tls.ca: plain text never leaves the pod',
        )
      return leads ?? []
    }),
    breach: (spec.breach?.rules ?? [{ distinctPatients: 100, per: '1h' }]).map((rule) => ({
      distinctPatients: rule.distinctPatients,
      perSeconds: seconds(rule.per, 'breach.rules.per'),
    })),
    ...(spec.lockdown === undefined ? {} : { lockdown: { reason: spec.lockdown.reason } }),
  }
  const all = [...policyIssues(policy), ...issues]
  return all.length > 0 ? { issues: all } : { policy }
}

type Spec = HipaaMcpServer['spec']

function metricsOf({ port, path, names, labels }: NonNullable<Spec['workload']['metrics']>): AppMetrics {
  return { port, path: path ?? '/metrics', names, labels: labels ?? [] }
}

function toolOf(tool: Spec['tools'][number]): Tool {
  return {
    name: tool.name,
    description: tool.description ?? '',
    from: tool.from ?? tool.name,
    arguments: tool.arguments as { [member: string]: Json },
    with: (tool.with ?? {}) as { [member: string]: Json },
    rename: tool.rename ?? {},
    ...(tool.patient === undefined ? {} : { patient: tool.patient }),
    bulk: tool.bulk ?? 'Forbidden',
    identifiers: tool.identifiers ?? 'Refuse',
    returns: returnsOf(tool.returns),
    limits: limitsOf(tool.limits),
  }
}

function resourceOf(resource: NonNullable<Spec['resources']>[number]): Resource {
  return {
    name: resource.name,
    uri: resource.uri,
    description: resource.description ?? '',
    ...(resource.mimeType === undefined ? {} : { mimeType: resource.mimeType }),
    ...(resource.patient === undefined ? {} : { patient: resource.patient }),
    subscribe: resource.subscribe ?? false,
    returns: returnsOf(resource.returns),
    limits: limitsOf(resource.limits),
  }
}

function promptOf(prompt: NonNullable<Spec['prompts']>[number]): Prompt {
  return {
    name: prompt.name,
    description: prompt.description ?? '',
    from: prompt.from ?? prompt.name,
    arguments: (prompt.arguments ?? { type: 'object' }) as { [member: string]: Json },
    ...(prompt.patient === undefined ? {} : { patient: prompt.patient }),
    bulk: prompt.bulk ?? 'Forbidden',
    identifiers: prompt.identifiers ?? 'Refuse',
    returns: returnsOf(prompt.returns),
    limits: limitsOf(prompt.limits),
  }
}

function roleOf(role: Spec['roles'][number]): Role {
  return {
    name: role.name,
    when: { role: role.when.role, scopes: role.when.scopes ?? [], actor: role.when.actor ?? 'Forbidden' },
    purposes: role.purposes,
    tools: role.tools,
    resources: role.resources ?? [],
    prompts: role.prompts ?? [],
    patients: role.patients,
  }
}

/** The name of OpenID Connect's own claim, where the policy says no other. */
function relationsOf({
  own,
  surname,
  vip,
}: NonNullable<Spec['relations']>): NonNullable<Policy['relations']> {
  return {
    ...(own === undefined ? {} : { own: { claim: own.claim } }),
    ...(surname === undefined ? {} : { surname: { claim: surname.claim ?? '/family_name' } }),
    ...(vip === undefined ? {} : { vip: true }),
  }
}

function issuerOf(issuer: Spec['identity']['issuers'][number]): Issuer {
  return {
    url: issuer.url,
    audience: issuer.audience,
    provider: issuer.provider,
    algorithms: issuer.algorithms ?? [...algorithms],
    rolesClaim: issuer.roles.claim,
    mfa: { acr: issuer.mfa?.acr ?? [], amr: issuer.mfa?.amr ?? [] },
  }
}

type EgressEntry = NonNullable<NonNullable<Spec['network']>['egress']>[number]

/** Undefined for a store of which something is missing. */
function egressOf(entry: EgressEntry, spec: Spec, { agreements }: Surroundings): Egress[] | undefined {
  const { baa, store: name, host, port, protocol, tls } = entry
  const { stores } = spec
  if (baa !== undefined) {
    const agreement = agreements.find(({ metadata }) => metadata.name === baa)?.spec
    return hostsOf(entry, spec, agreement?.hosts ?? []).map((one) => ({
      kind: 'agreement',
      agreement: baa,
      host: one,
      port: port ?? 443,
      ...(protocol === undefined ? {} : { protocol }),
      ...(tls === undefined ? {} : { ca: tls.ca.pem }),
      ...(agreement?.ranges === undefined ? {} : { ranges: agreement.ranges }),
      ...(agreement?.model === undefined ? {} : { model: modelOf(agreement.model) }),
    }))
  }
  const store = stores?.find((one) => one.name === name)
  const ca = tls?.ca.pem
  if (store === undefined || host === undefined || protocol === undefined || ca === undefined)
    return undefined
  return [{ kind: 'store', store: store.name, host, port: store.port, protocol, ca }]
}

function modelOf({ vendor, models }: NonNullable<BusinessAssociateAgreement['spec']['model']>): ModelRules {
  return { vendor, ...(models === undefined ? {} : { models }) }
}

/** Of an agreement's hosts: the one that the entry names, or all that no other entry of the agreement names. */
function hostsOf({ baa, host }: EgressEntry, { network }: Spec, all: readonly string[]): string[] {
  if (host !== undefined) return all.filter((one) => one === host)
  const named = (network?.egress ?? []).flatMap((other) =>
    other.baa === baa && other.host !== undefined ? [other.host] : [],
  )
  return all.filter((one) => !named.includes(one))
}

function redactionOf({ dates = 'Year', epoch }: NonNullable<Spec['redaction']> = {}): Policy['redaction'] {
  return { dates, ...(epoch === undefined ? {} : { epoch }) }
}

function returnsOf(returns: Spec['tools'][number]['returns']): Returns {
  const { fields, pseudonyms, for: others, at, schema, patients, text, media } = returns
  return {
    fields,
    ...(pseudonyms === undefined ? {} : { pseudonyms }),
    ...(others === undefined ? {} : { for: others.map(returnsForOf) }),
    ...(at === undefined ? {} : { at }),
    ...(schema === undefined ? {} : { schema: schema as { [member: string]: Json } }),
    patients: patients ?? [],
    text: text ?? 'Redact',
    media: media ?? 'Drop',
  }
}

/** Whoever keeps text for everybody does not keep it here by saying nothing. */
function returnsForOf(one: NonNullable<Spec['tools'][number]['returns']['for']>[number]): ReturnsFor {
  const { roles, purposes, fields, text } = one
  return { roles, purposes, fields, text: text ?? 'Redact' }
}

function limitsOf(limits: Spec['tools'][number]['limits']): Limits {
  return {
    callsPerMinute: limits?.callsPerMinute ?? 60,
    callsPerPatientPerHour: limits?.callsPerPatientPerHour ?? 120,
    patientsPerHour: limits?.patientsPerHour ?? 30,
    records: limits?.records ?? 100,
    resultBytes: limits?.resultBytes ?? 262_144,
    resultBytesPerHour: limits?.resultBytesPerHour ?? 8_388_608,
  }
}

/** Both compare without regard to case, as hosts do. */
function httpOf({ hosts, origins }: NonNullable<Spec['http']>): NonNullable<Policy['http']> {
  return { hosts: inSmall(hosts), origins: inSmall(origins) }
}

function inSmall(names: readonly string[] = []): string[] {
  return names.map((name) => name.toLowerCase())
}

/** Only what is named is on: an absent member stays absent. */
function fromServerOf(from: NonNullable<Spec['fromServer']>): FromServer {
  const { progress, logging, sampling, elicitation, roots, completion, tasks, listChanged } = from
  return {
    ...(progress === undefined ? {} : { progress: { text: progress.text ?? 'Redact' } }),
    ...(logging === undefined ? {} : { logging: { text: logging.text ?? 'Redact' } }),
    ...(sampling === undefined
      ? {}
      : {
          sampling: {
            text: sampling.text ?? 'Redact',
            ...(sampling.agreement === undefined ? {} : { agreement: sampling.agreement }),
          },
        }),
    ...(elicitation === undefined
      ? {}
      : {
          elicitation: {
            text: elicitation.text ?? 'Redact',
            modes: elicitation.modes ?? ['form'],
            hosts: elicitation.hosts ?? [],
          },
        }),
    ...(roots === undefined ? {} : { roots: {} }),
    ...(completion === undefined ? {} : { completion: { text: completion.text ?? 'Redact' } }),
    ...(tasks === undefined ? {} : { tasks: {} }),
    ...(listChanged === undefined ? {} : { listChanged: {} }),
  }
}
