// HipaaMcpServer (+ agreements) -> policy document. Pure. Every default of the API is spelled out here once more, so
// that an object that came around the API server's defaulting is no laxer.

import type { BusinessAssociateAgreement } from '../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../crds/hipaamcpserver.generated.ts'
import { schemaIssue } from './argument-check.ts'
import type { Json } from './canonical.ts'
import { secondsIn } from './duration.ts'
import { paramHeaders } from './param-headers.ts'
import {
  algorithms,
  type Egress,
  type FromServer,
  type Limits,
  type Policy,
  type Prompt,
  policySchema,
  type Resource,
  type Returns,
  type Tool,
} from './policy.ts'
import { uriTemplate } from './uri-template.ts'

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

  const tools = spec.tools.map(
    (tool): Tool => ({
      name: tool.name,
      description: tool.description ?? '',
      from: tool.from ?? tool.name,
      arguments: tool.arguments as { [member: string]: Json },
      with: (tool.with ?? {}) as { [member: string]: Json },
      ...(tool.patient === undefined ? {} : { patient: tool.patient }),
      returns: returnsOf(tool.returns),
      limits: limitsOf(tool.limits),
    }),
  )
  const resources = (spec.resources ?? []).map(
    (resource): Resource => ({
      name: resource.name,
      uri: resource.uri,
      description: resource.description ?? '',
      ...(resource.mimeType === undefined ? {} : { mimeType: resource.mimeType }),
      ...(resource.patient === undefined ? {} : { patient: resource.patient }),
      subscribe: resource.subscribe ?? false,
      returns: returnsOf(resource.returns),
      limits: limitsOf(resource.limits),
    }),
  )
  for (const { name, uri, patient } of resources) {
    const wrong = templateIssue(uri, patient)
    if (wrong !== undefined) issues.push(`Resource ${name}: ${wrong}`)
  }
  const prompts = (spec.prompts ?? []).map(
    (prompt): Prompt => ({
      name: prompt.name,
      description: prompt.description ?? '',
      from: prompt.from ?? prompt.name,
      arguments: (prompt.arguments ?? { type: 'object' }) as { [member: string]: Json },
      ...(prompt.patient === undefined ? {} : { patient: prompt.patient }),
      returns: returnsOf(prompt.returns),
      limits: limitsOf(prompt.limits),
    }),
  )
  if (spec.fromServer?.sampling?.text === 'Keep' && spec.fromServer.sampling.agreement === undefined)
    issues.push(
      'fromServer.sampling: text Keep needs agreement: what is kept goes to a model, and its vendor must have signed',
    )
  for (const tool of tools) {
    const clash = Object.keys(tool.with).find((name) =>
      Object.hasOwn((tool.arguments['properties'] ?? {}) as object, name),
    )
    if (clash !== undefined)
      issues.push(
        `Tool ${tool.name}: ${clash} stands in arguments and in with; a constant is never the caller's`,
      )
    const wrong = schemaIssue(tool.arguments) ?? headerIssue(tool)
    if (wrong !== undefined) issues.push(`Tool ${tool.name}: arguments: ${wrong}`)
    if (tool.arguments['type'] !== 'object') issues.push(`Tool ${tool.name}: arguments must have type object`)
  }
  for (const prompt of prompts) {
    const wrong = schemaIssue(prompt.arguments)
    if (wrong !== undefined) issues.push(`Prompt ${prompt.name}: arguments: ${wrong}`)
  }
  const lists = { tools, resources, prompts }
  for (const role of spec.roles) {
    for (const list of ['tools', 'resources', 'prompts'] as const)
      for (const name of role[list] ?? [])
        if (!lists[list].some((one) => one.name === name))
          issues.push(`Role ${role.name} names ${name}, which spec.${list} does not list`)
    if (role.patients === 'Bound' && spec.identity.patient === undefined) {
      issues.push(`Role ${role.name} is Bound: identity.patient.claim must say which claim names the patient`)
    }
    if (role.patients === 'Panel' && spec.identity.panel === undefined) {
      issues.push(`Role ${role.name} is Panel: identity.panel.claim must say which claim lists the patients`)
    }
  }

  const egress = (spec.network?.egress ?? []).flatMap((entry): Egress[] => {
    if (entry.baa !== undefined) {
      const agreement = surroundings.agreements.find((one) => one.metadata.name === entry.baa)
      const agreementName = entry.baa
      return (agreement?.spec.hosts ?? []).map((host) => ({
        kind: 'agreement',
        agreement: agreementName,
        host,
        port: 443,
      }))
    }
    const store = spec.stores?.find((one) => one.name === entry.store)
    const ca = entry.tls?.ca.pem
    if (store === undefined || entry.host === undefined || entry.protocol === undefined || ca === undefined) {
      issues.push(
        'An egress to a store needs the store, host, protocol and tls.ca: plain text never leaves the pod',
      )
      return []
    }
    return [
      { kind: 'store', store: store.name, host: entry.host, port: store.port, protocol: entry.protocol, ca },
    ]
  })

  const clientCa = spec.tls?.clientCa?.pem ?? surroundings.clientCa
  if (clientCa === '') issues.push("No client CA: wait for the operator's own, or set tls.clientCa.pem")
  const training = spec.identity.training
  const policy: Policy = {
    schema: policySchema,
    server: { namespace: metadata.namespace ?? '', name: metadata.name },
    profile: spec.profile ?? 'Production',
    maxPolicyAgeSeconds: seconds(spec.maxPolicyAge ?? '15m', 'maxPolicyAge'),
    workload: {
      port: spec.workload.port,
      path: spec.workload.path,
      transport: spec.workload.transport ?? 'StreamableHttp',
    },
    tls: { minVersion: spec.tls?.minVersion === '1.2' ? 'TLSv1.2' : 'TLSv1.3', clientCa },
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
    issuers: spec.identity.issuers.map((issuer) => ({
      url: issuer.url,
      audience: issuer.audience,
      provider: issuer.provider,
      algorithms: issuer.algorithms ?? [...algorithms],
      rolesClaim: issuer.roles.claim,
      mfa: { acr: issuer.mfa?.acr ?? [], amr: issuer.mfa?.amr ?? [] },
    })),
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
    roles: spec.roles.map((role) => ({
      name: role.name,
      when: { role: role.when.role, scopes: role.when.scopes ?? [], actor: role.when.actor ?? 'Forbidden' },
      purposes: role.purposes,
      tools: role.tools,
      resources: role.resources ?? [],
      prompts: role.prompts ?? [],
      patients: role.patients ?? 'Any',
    })),
    tools,
    resources,
    prompts,
    fromServer: fromServerOf(spec.fromServer ?? {}),
    redaction: { dates: spec.redaction?.dates ?? 'Year' },
    trail: { acknowledge: spec.trail?.acknowledge ?? 'Stream' },
    egress,
    breach: (spec.breach?.rules ?? [{ distinctPatients: 100, per: '1h' }]).map((rule) => ({
      distinctPatients: rule.distinctPatients,
      perSeconds: seconds(rule.per, 'breach.rules.per'),
    })),
    ...(spec.lockdown === undefined ? {} : { lockdown: { reason: spec.lockdown.reason } }),
  }
  return issues.length > 0 ? { issues } : { policy }
}

type Spec = HipaaMcpServer['spec']

function returnsOf({ fields, patients, text, media }: Spec['tools'][number]['returns']): Returns {
  return { fields, patients: patients ?? [], text: text ?? 'Redact', media: media ?? 'Drop' }
}

function limitsOf(limits: Spec['tools'][number]['limits']): Limits {
  return {
    callsPerMinute: limits?.callsPerMinute ?? 60,
    patientsPerHour: limits?.patientsPerHour ?? 30,
    resultBytes: limits?.resultBytes ?? 262_144,
  }
}

/** Both compare without regard to case, as hosts do. */
function httpOf({ hosts, origins }: NonNullable<Spec['http']>): NonNullable<Policy['http']> {
  return { hosts: inSmall(hosts), origins: inSmall(origins) }
}

function inSmall(names: readonly string[] = []): string[] {
  return names.map((name) => name.toLowerCase())
}

function headerIssue({ arguments: schema, patient }: Tool): string | undefined {
  try {
    paramHeaders(schema, patient)
    return undefined
  } catch (cause) {
    return cause instanceof TypeError ? cause.message : 'x-mcp-header is not as it must be'
  }
}

function templateIssue(uri: string, patient: string | undefined): string | undefined {
  try {
    const { variables } = uriTemplate(uri)
    return patient === undefined || variables.includes(patient)
      ? undefined
      : `patient names a variable that the URI does not have: write for example ehr://patients/{${patient}}/labs`
  } catch (cause) {
    return cause instanceof TypeError ? cause.message : undefined
  }
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
