// Every name, port and UID that two programs must agree on. A change here is a change of the protocol.

export const group = 'hipaa-mcp.dev'
export const apiVersion = `${group}/v1alpha1`

/** Namespace label that enrols; a webhook can select on labels only. */
export const enforceLabel = `${group}/enforce`
/** On a workload or its pod template: which HipaaMcpServer guards it. */
export const serverAnnotation = `${group}/server`
/** On a workload while its pods are replaced for the first time: the strategy that its author wrote, put back afterwards. */
export const strategyAnnotation = `${group}/strategy`
/** On a pod template: when pods that admission would make otherwise now were to be replaced. */
export const restartedAnnotation = `${group}/restarted-at`
/** On a HipaaMcpServer or an agreement: findings of the linter that a person accepted, a line each. */
export const acceptedAnnotation = `${group}/accepted`
/** On a namespace: names outside of the cluster that its servers may have, joined by commas; `*.domain` for all below it. */
export const dnsNamesAnnotation = `${group}/dns-names`
/** On pods, set by admission and frozen by the ValidatingAdmissionPolicy: our NetworkPolicies select on it. */
export const guardedLabel = `${group}/guarded`
/** On pods of a declared store, `<server>.<store>`, set by admission and frozen. */
export const storeLabel = `${group}/store`
/** On canary pods, which the operator makes for a moment to see what the network refuses. Nobody connects to one or changes it. */
export const canaryLabel = `${group}/canary`
/** On namespaces whose pods may read `/metrics`. */
export const monitoringLabel = `${group}/monitoring`
/** On objects of the operator's namespace that belong to one server: `<namespace>.<name>`. */
export const ownerLabel = `${group}/owner`

/** Where the operator and the collector live. */
export const systemNamespace = 'hipaa-mcp-system'

/** Secrets of the system namespace, one a CA. Two, so that no caller's certificate can ever pass as a program of ours. */
export const authoritySecrets = { own: 'hipaa-mcp-ca', clients: 'hipaa-mcp-client-ca' } as const

/** Service names in the system namespace. */
export const services = {
  webhook: 'hipaa-mcp-webhook',
  channel: 'hipaa-mcp-channel',
  collector: 'hipaa-mcp-collector',
} as const
/** ServiceAccounts in the system namespace. */
export const accounts = {
  operator: 'hipaa-mcp-operator',
  collector: 'hipaa-mcp-collector',
  recovery: 'hipaa-mcp-recovery',
} as const

/** TCP ports (DNS also UDP). The first five are in the guarded pod, the others in ours. */
export const ports = {
  calls: 15080,
  health: 15021,
  egress: 15443,
  dns: 15053,
  /** Only where the server has tls.discovery. */
  discovery: 15444,
  channel: 8444,
  collector: 8445,
  webhook: 9443,
  /** Operator and collector: `/metrics`, `/readyz`, `/livez`, plain HTTP. */
  ownHealth: 8081,
} as const

/** Those that are taken in a guarded pod: nothing else of it listens there. */
export const sidecarPorts: readonly number[] = [
  ports.health,
  ports.dns,
  ports.calls,
  ports.egress,
  ports.discovery,
]
/** Where a guarded pod asks for names: on loopback that is the sidecar's resolver. */
export const dnsPort = 53
/** Most ports of `workload.loopback`. */
export const mostLoopback = 8

/** No tenant container may run as these, or leave its UID open. As `guard` the guard proves the packet filter. */
export const uids = { sidecar: 64101, own: 64102, guard: 64103 } as const

/** Container names after injection. A name proves nothing: admission compares whole specs. */
export const containers = {
  guard: 'hipaa-mcp-guard',
  sidecar: 'hipaa-mcp',
  /** Only with trail.acknowledge Local or Both: gives the fresh volume to the sidecar's user. */
  trail: 'hipaa-mcp-trail',
  /** Only with workload.transport Stdio: puts the program there that runs the server. */
  wrapper: 'hipaa-mcp-wrapper',
} as const
/** All of them: names that nobody else's container may have. */
export const ownNames: ReadonlySet<string> = new Set(Object.values(containers))

/** The node's network plugin that sets the packet filter where a guard may not; its DaemonSet, and the namespace of that. */
export const cniPlugin = 'hipaa-mcp-cni'

/** Range whose addresses stand for egress names inside a guarded pod. */
export const egressRange = '127.64.0.0/10'

/** Audience of the pod-bound ServiceAccount token that a sidecar shows to the operator. */
export const tokenAudience = 'hipaa-mcp'
/** Where things are mounted in a sidecar. */
export const paths = {
  token: '/var/run/hipaa-mcp/token/token',
  trail: '/var/lib/hipaa-mcp/trail',
  /** The socket on which a stdio server is spoken to: here in the sidecar, in the app where `wrapper` says. */
  stdio: '/var/run/hipaa-mcp/stdio/server.sock',
  /** What containers of the app shall trust; the same in the sidecar, which writes it, and in them. Only with a model's vendor. */
  trust: '/var/run/hipaa-mcp/trust',
} as const
/** Its files: the pod's own authority; that and the public ones; the same for Java. */
export const trustFiles = { own: 'ca.pem', bundle: 'bundle.pem', java: 'trust.jks' } as const

/** Where a stdio server's container has what runs it, with its own loader and libraries, and the sidecar's socket. */
export const wrapperPaths = { programs: '/hipaa-mcp/bin', socket: '/hipaa-mcp/run' } as const
/** What lies in the former. */
export const wrapperFiles = {
  loader: 'ld.so',
  libraries: 'lib',
  node: 'node',
  program: 'wrapper.mjs',
} as const

/** `_meta` key by which a request states its purpose of use (HL7 v3 PurposeOfUse). */
export const purposeMeta = 'dev.hipaa-mcp/purpose'

/** CertificateSigningRequest signer of the people who read the trail. */
export const auditorSigner = `${group}/auditor`

/**
 * Identities in certificates of the operator's own CA, as URI names. The CA is private to these programs, so a URI of
 * this form proves the role; callers' certificates come from another CA and can never hold one.
 */
export const identity = {
  operator: 'hipaa-mcp://operator',
  collector: 'hipaa-mcp://collector',
  sidecar: (namespace: string, server: string, podUid: string) =>
    `hipaa-mcp://sidecar/${namespace}/${server}/${podUid}`,
  /** Ships what a pod that is gone left on its volume, and may do nothing else. */
  recovery: (namespace: string, server: string, podUid: string) =>
    `hipaa-mcp://recovery/${namespace}/${server}/${podUid}`,
  // node:tls quotes an alternative name that holds an apostrophe, and a quoted name is none of ours.
  auditor: (person: string) => `hipaa-mcp://auditor/${encodeURIComponent(person).replaceAll("'", '%27')}`,
} as const

export type Identity =
  | { role: 'operator' }
  | { role: 'collector' }
  | { role: 'sidecar' | 'recovery'; namespace: string; server: string; podUid: string }
  | { role: 'auditor'; person: string }

/** Reads an identity out of a `subjectaltname` text of node:tls; undefined for anything that is not exactly one of ours. */
export function identityOf(subjectAltName: string | undefined): Identity | undefined {
  const uris = (subjectAltName ?? '').split(', ').filter((name) => name.startsWith('URI:hipaa-mcp://'))
  const [only] = uris
  if (only === undefined || uris.length !== 1) return undefined
  const [role, ...rest] = only.slice('URI:hipaa-mcp://'.length).split('/')
  const [a, b, c] = rest
  if (role === 'operator' && rest.length === 0) return { role }
  if (role === 'collector' && rest.length === 0) return { role }
  if ((role === 'sidecar' || role === 'recovery') && rest.length === 3 && a && b && c)
    return { role, namespace: a, server: b, podUid: c }
  if (role === 'auditor' && rest.length === 1 && a) {
    const person = decoded(a)
    return person === undefined ? undefined : { role, person }
  }
  return undefined
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
