// Every way in which an egress connection is refused, and what to do about it. Both go to the app, to the trail and to
// metrics, so they hold nothing that the app said.

const reasons = {
  'undeclared-name': 'declare the name in spec.network.egress',
  'undeclared-address': 'declare the name in spec.network.egress, and look it up again',
  locked: 'the server is locked: its status says why',
  'agreement-over': 'renew the business associate agreement; its status says when it ended or begins',
  'not-tls': 'speak TLS to the host of an agreement',
  'server-name-missing': 'let the client send the server name (SNI)',
  'server-name-other': 'use the name that was looked up as the TLS server name',
  'server-name-encrypted': 'turn off Encrypted Client Hello in the client',
  'name-unresolved': "the cluster's resolver does not know the host: check the name and the resolver",
  'address-forbidden':
    'the host resolves to addresses of this network or of nobody, or a store to public ones: check its DNS records, or name the range in the agreement',
  unreachable:
    'the host does not accept the connection: check that it runs and that no network policy forbids it',
  'not-postgres': 'speak the PostgreSQL protocol to the store, without TLS (sslmode=disable)',
  'not-mllp': 'send HL7 version 2 in MLLP frames, without TLS',
  'store-without-tls': 'turn on ssl at the database: plain text never leaves the pod',
  'store-certificate':
    "the database's certificate must be valid, of the CA in the policy, for the store's host",
  'host-certificate':
    'the certificate must be valid, of the CA in the policy or a public one, for the host of the agreement',
  'model-host': 'the Host of a call must be the name that was looked up',
  'model-endpoint':
    'the agreement with the vendor does not cover this method, path or query (docs/agreements.md)',
  'model-header':
    'send application/json without encoding, and none of the headers that the vendor’s rules refuse',
  'model-body': 'send one JSON object of at most 16 MiB',
  'model-member':
    'the body holds a member that the vendor’s rules do not know, or not the one that they demand, such as store: false',
  'model-tool':
    'a tool runs at the vendor, which its agreement does not cover: offer tools that you run yourself',
  'model-content': 'put content into the call itself: files and addresses at the vendor are not covered',
  'model-name': 'the model is not one that the agreement allows',
  'model-credential': 'no credential is there: see network.egress[].credential of the HipaaMcpServer',
  'too-many-names': 'more names under wildcards were asked for than a pod may use: declare them in full',
  'trail-unavailable': 'nothing can be recorded now, so nothing is opened: see /readyz',
  'too-slow': 'the connection was not set up in time: check the client, the host and the resolver',
  'too-many': 'too many connections are open: use a smaller pool',
  'too-often': 'too many connections were opened in this minute: keep them and use them again',
  'hung-up': 'the client closed the connection before it was set up, or its call answered',
  internal: "an error of the sidecar's own: its log says which",
} as const

export type Reason = keyof typeof reasons

/** Policy, or the world behind it, says no to a connection. The listener catches it, once. */
export class EgressRefusal extends Error {
  readonly reason: Reason
  constructor(reason: Reason, options?: ErrorOptions) {
    super(`hipaa-mcp refused the connection (${reason}): ${reasons[reason]}`, options)
    this.reason = reason
  }
}
