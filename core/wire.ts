// What the programs say to each other over mutual TLS: sidecar to operator (the control channel), sidecar, operator and
// auditor to collector. Bodies are JSON unless said otherwise.

import type { JSONWebKeySet } from 'jose'
import type { ActivityReviewed, Ending, Predecessor, Signalled } from './record.ts'
import type {
  AdmissionCounted,
  AdmissionRefused,
  GrantChanged,
  KeyChanged,
  PodEntered,
  PodGone,
  RevocationChanged,
} from './record-registry.ts'

/**
 * `POST /v1/identity` on the channel, no client certificate yet, `Authorization: Bearer <pod-bound token, audience
 * hipaa-mcp>`. The private key never leaves its process.
 */
export type IdentityRequest = { /** PKCS #10, PEM. */ csr: string }

/** Chains are leaf first, PEM. */
export type IdentityResponse = {
  /** For the channel and the collector, from the operator's own CA. */
  channel: string
  /**
   * For callers, from the server's issuer; absent for the collector, and when the issuer is cert-manager's and the CSR
   * does not name exactly `names`: cert-manager signs what the CSR says, so the sidecar asks again with a CSR that does.
   */
  server?: string
  /** DNS names that the server's certificate bears: the Services that select the pod. Absent for the collector. */
  names?: string[]
}

/** One event `orders` of `GET /v1/orders` (Server-Sent Events over mutual TLS). `?generation=` is what the sidecar has. */
export type Orders = {
  /** Only grows. A sidecar refuses an older one and locks. */
  generation: number
  /** Canonical text of the policy document, absent when there is none in force: the sidecar locks, saying why. */
  policy?: string
  /** SHA-256 of `policy`, hexadecimal. */
  hash?: string
  /** Why there is no service whatever the policy says, kebab-case; absent when there is none. */
  locked?: string
  /** 32-byte keys, base64: result and argument hashes, patient tokens, sealing of patient identifiers. */
  keys: { hashes: string; patients: string; seal: string }
  /** Issuer URL -> its key set. Pods need no way out to an issuer. */
  jwks: { [issuer: string]: JSONWebKeySet }
  /** Tokens of the patients on the policy's list of those who draw the curious; absent where it names none, or it is not there. */
  vip?: string[]
  /** Agreements that the policy names. A sidecar closes one itself at `until`, without word from the operator. */
  agreements: { name: string; active: boolean /** RFC 3339. */; until: string; reason: string }[]
  /** Agreement with a vendor of models -> the credential for calls under it; absent where the policy names none. */
  credentials?: { [agreement: string]: string }
  /** Break-glass grants of this server that are in force. A sidecar ends one itself at `until`. */
  grants: GrantOrder[]
  /** Access that was ended, in every server. */
  revocations: RevocationOrder[]
  /** Local and Both only: this pod's volume is known to outlive the pod (PV `Retain`). */
  volumeRetained: boolean
}

/** One person reaches more patients for a while (45 CFR 164.312(a)(2)(ii)). */
export type GrantOrder = {
  name: string
  uid: string
  iss: string
  sub: string
  /** Plain identifiers. PHI: never logged. */
  patients: string[]
  /** RFC 3339. */
  until: string
  /** The persons as the API server knows them. */
  requestedBy: string
  approvedBy: string
}

export const revocationKinds = ['person', 'token', 'token-hash', 'certificate', 'client'] as const

/**
 * What is refused whatever else it proves. `value`: `iss sub` of a person (an issuer's URL holds no space), jti of a
 * token, SHA-256 of a token in hexadecimal, x5t#S256 of a certificate or RFC 7638 thumbprint of a DPoP key, client_id of
 * a client.
 */
export type RevocationOrder = {
  kind: (typeof revocationKinds)[number]
  value: string
  /** RFC 3339; absent: for good. */
  until?: string
}

/**
 * Every `heartbeatSeconds` the channel sends the event `heartbeat`, data `{}`. The event `renew`, data `{}`, says that the
 * pod's certificates no longer say what they should (its Services changed): the sidecar asks for identity again.
 */
export const heartbeatSeconds = 5

/**
 * `POST /v1/key-sets` on the channel, by a sidecar: a token names a key that this issuer's set does not hold. Answered 202;
 * the operator fetches the set anew, seldom enough not to trouble the issuer, and new orders carry what it found.
 */
export type KeySetRequest = { issuer: string }

/** How old a login may be that a certificate is enrolled with, seconds; and how long the certificate is good at most. */
export const enrolment = { path: '/v1/enrol', loginSeconds: 300, certificateSeconds: 28_800 } as const

/**
 * `POST /v1/enrol` on a sidecar's discovery port, `Authorization: Bearer <access token>`: a person's client certificate,
 * for a key that stays on their machine. The token is bound to nothing yet, or to that very key.
 */
export type EnrolRequest = {
  /** PKCS #10, PEM, EC P-256 or P-384. Its subject counts for nothing. */
  csr: string
  /** PEM. Only where the token is bound to a certificate (RFC 8705): that one, of the same key. */
  certificate?: string
}
/** Leaf first, PEM. */
export type EnrolResponse = { certificate: string }

/** The same on the channel, by a sidecar; the operator verifies the token anew. */
export type RelayedEnrolment = EnrolRequest & { token: string }
/** What the channel answers besides 200. `reason`: a refusal of the sidecar's table, where one fits. */
export type ChannelError = { message: string; reason?: string }

/** Member of the protected-resource metadata (RFC 9728 2 allows others) that `hipaa-mcp connect` reads. */
export const connectMember = 'dev.hipaa-mcp/connect'
export type ConnectMetadata = {
  /** Absent where the server takes another CA's certificates. */
  enrolment_endpoint?: string
  /** Issuer -> what to ask of a login besides (RFC 9470 4: acr_values, max_age; Entra: claims, base64). */
  login: { [issuer: string]: { [parameter: string]: string } }
  /** JSON Pointer into the access token, where the token may say the purpose of use. */
  purpose_claim?: string
}

/** `POST /v1/chains` on the collector, by a sidecar: begins this process's chain. */
export type ChainRequest = { /** Raw Ed25519 public key, base64. */ publicKey: string }
/** The collector counts restarts, so an origin is never used twice. */
export type ChainResponse = {
  origin: string
  restart: number /** Verifier key of the witness. */
  witness: string
  /** What this chain succeeds, for its first record. Absent for a pod's first chain; collectors of before never say it. */
  before?: Predecessor
}

/**
 * `POST /v1/records?origin=&from=` body: records in canonical form, one a line. Answered when they would survive power
 * loss. `from` is the index of the first. The same records again are acknowledged again; others at the same index, or a
 * gap, are 409: that is a fork.
 */
export type RecordsResponse = { /** Records of this chain that are committed. */ size: number }
/** Largest body of records, bytes. */
export const recordsLimit = 2 * 1024 * 1024

/**
 * `GET /v1/posts` on the collector, without a body, with `Connection: Upgrade` and this protocol, by a sidecar or a recovery Job: answered
 * 101, and the connection carries posts and their answers as frames from then on (post-frames.ts), each judged and answered as the same `POST` in a
 * request of its own. Answers come in the order of their posts. A collector of before answers 404, and is asked by requests.
 */
export const posts = { path: '/v1/posts', protocol: 'hipaa-mcp-posts/1' } as const
/** Largest path and query of a post on such a connection, bytes. */
export const targetLimit = 2_048
/** Largest answer on such a connection, bytes. */
export const answerLimit = 64 * 1024

/** `POST /v1/activity` on the collector, by a sidecar: when a person was last at work over a certificate, in any pod of its server. */
export type ActivityRequest = { iss: string; sub: string; certificate: string }
/** RFC 3339; absent when the collector knows of nothing. */
export type ActivityResponse = { last?: string }

/** `POST /v1/checkpoints` body: a signed note, text/plain. Answer: the collector's cosignature line, text/plain. */

/**
 * `POST /v1/recovered` on the collector, by the recovery Job of a pod that is gone: all that was on its volume is committed.
 * Every chain of the pod that had not ended for good ends, and calls without a result become unknown.
 */
export type RecoveredResponse = { /** Chains of the pod. */ chains: number }

/** `GET /v1/chains`, for the operator and auditors. */
export type ChainSummary = {
  origin: string
  namespace: string
  server: string
  podUid: string
  restart: number
  size: number
  /** `corrupt`: what the store holds is not what was acknowledged. Nothing is taken for such a chain any more. */
  state: 'live' | Ending | 'corrupt'
  /** RFC 3339 of the newest record; absent while there is none. */
  lastRecord?: string
  /** Policy hash and generation that the sidecar last recorded as in force; `locked` when it refuses everything. */
  policy?: string
  generation?: number
  locked?: string
  /** Size of the newest cosigned checkpoint. */
  witnessed: number
  /** Calls whose intent names a break-glass grant, by the grant's UID; absent where there is none. */
  grants?: { [uid: string]: { uses: number /** RFC 3339. */; last: string } }
}

/** `GET /v1/witnesses`, for the operator and auditors: those outside the cluster. None are configured: the list is empty. */
export type WitnessReport = {
  /** Verifier key of the registry log, under the name by which they know it: for them, and for auditors' policy files. */
  log: string
  /** Nothing is acknowledged without them. */
  strict: boolean
  /** No quorum signed for longer than the configuration allows. */
  late: boolean
  /** Since a quorum signed, or since the log began. */
  windowSeconds: number
  /** What a quorum signed last: records of the registry log, and when (RFC 3339). */
  quorum?: { size: number; at: string }
  witnesses: {
    name: string
    state: 'new' | 'cosigns' | 'unreachable' | 'refuses'
    reason?: string
    /** Records of the registry log that it has signed, as far as is known. */
    signed?: number
  }[]
}

/** `GET /v1/signals`: breach signals since the collector knows. */
export type Signal = Omit<Signalled, 'schema' | 'at' | 'kind'> & { lastSeen: string }

/**
 * `POST /v1/data-keys` (auditors): the data key of one sealed segment, as its header names it (core/sealed/segment.ts). Who
 * asks stands in the registry log before the answer leaves.
 */
export type DataKeyRequest = {
  origin: string
  segment: string
  keyId: string
  /** Base64. */
  wrapped: string
}
export type DataKeyResponse = { /** 32 bytes, base64. */ dataKey: string }

/** `POST /v1/reviews` (auditors): that somebody reviewed activity. The collector adds who, and answers when it is on record. */
export type ReviewRequest = Omit<ActivityReviewed, 'schema' | 'at' | 'kind' | 'by'>
export type ReviewResponse = { /** Of the record in the registry log. */ index: number }

/**
 * `POST /v1/admissions` (operator): what admission refused, whom it is about to let into a guarded pod, and which of these pods are
 * gone. Answered when it is on record; what is told again is recorded once.
 */
export type AdmissionsRequest = {
  refused: Omit<AdmissionRefused, 'schema' | 'at' | 'kind'>[]
  counted: Omit<AdmissionCounted, 'schema' | 'at' | 'kind'>[]
  /** Absent where there is none: collectors of before take no such member. */
  entered?: Omit<PodEntered, 'schema' | 'at' | 'kind'>[]
  /** Likewise. */
  gone?: Omit<PodGone, 'schema' | 'at' | 'kind'>[]
}
/** In one request, refusals and counts each. */
export const mostAdmissions = 200

/** What is told of a grant, or of a revocation. */
export type GrantChange = Omit<GrantChanged, 'schema' | 'at' | 'kind'>
export type RevocationChange = Omit<RevocationChanged, 'schema' | 'at' | 'kind'>

/**
 * `POST /v1/access` (operator): what became of grants and revocations. Answered when it is on record; what is told again is recorded
 * once, for as long as the object is there.
 */
export type AccessRequest = { grants: GrantChange[]; revocations: RevocationChange[] }
/** In one request, of each. */
export const mostAccessChanges = 100

/** `GET /v1/access` (operator): what is on record, and not that it is gone. */
export type AccessOnRecord = {
  grants: Pick<GrantChanged, 'namespace' | 'server' | 'grant'>[]
  revocations: RevocationChanged['revocation'][]
}

/** `POST /v1/keys` (operator), `{ keys: KeyInUse[] }`: which keys are in use now. What is recorded is a change. */
export type KeyInUse = Omit<KeyChanged, 'schema' | 'at' | 'kind' | 'before'>
export const mostKeys = 2_000

/**
 * `GET /v1/export?namespace=&server=` (auditors): newline-delimited JSON, one `ExportLine` a line. The registry log is
 * exported like any chain, under the origin that ends in `/registry`.
 */
export type ExportLine =
  | { chain: string; vkey: string; witness: string }
  | { record: string }
  | { /** Newest signed note with its cosignature. */ checkpoint: string }
  | {
      /** Of the registry log: the newest head that witnesses outside signed, under the name by which they know it. */ witnessed: string
    }
  | { end: true; chains: number; records: number }

/** What the collector answers besides 200. `says` is a constant sentence: what to do next. */
export type CollectorRefusal = {
  error: string
  says: string /** Records that are committed, for 409. */
  size?: number
}

/** Calls of one chain without a result: the collector refuses one more, and the chain is over. A sidecar stays below. */
export const mostOpenCalls = 10_000

/** Origin of the collector's registry log. */
export const registryOrigin = 'hipaa-mcp.dev/registry'
/** Name of the witness in its cosignatures. */
export const witnessName = 'hipaa-mcp.dev/witness'

/** Origin of a sidecar process's chain. */
export function originOf(namespace: string, server: string, podUid: string, restart: number): string {
  return `hipaa-mcp.dev/${namespace}/${server}/${podUid}/${restart}`
}

const originForm =
  /^hipaa-mcp\.dev\/([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\/([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)\/([A-Za-z0-9-]+)\/(0|[1-9][0-9]{0,8})$/

/** Reads what `originOf` wrote; undefined for anything else, so that an origin can name a folder. */
export function partsOfOrigin(
  origin: string,
): { namespace: string; server: string; podUid: string; restart: number } | undefined {
  const match = originForm.exec(origin)
  if (match === null || origin.includes('..')) return undefined
  const [, namespace, server, podUid, restart] = match as unknown as [string, string, string, string, string]
  return { namespace, server, podUid, restart: Number(restart) }
}
