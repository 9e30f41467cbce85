// Every way this sidecar says no, one row a reason. Wording, HTTP status and JSON-RPC code live here and nowhere else;
// respond.ts is the only reader. Sentences are constant: no value, no name, no PHI. Each says what to do next.
//
// via: `http` where the HTTP layer must answer, `rpc` a JSON-RPC error, `tool` a tool result with isError, for what a
// model could do better by asking differently. Own codes are positive and name the CFR section, since MCP 2026-07-28
// reserves -32000 to -32099. ran: what a result record says when this ends a call whose intent is recorded.

import type { Challenge } from '../core/identity/mfa.ts'
import { mostPatients } from '../core/record-room.ts'

type Row = { via: 'http' | 'rpc' | 'tool'; status: number; code: number; says: string }

// biome-ignore format: a table reads best as a table
export const refusals = {
  // Nothing is served
  'locked':                  { via: 'rpc',  status: 503, code: 164308, says: 'This server is locked down and serves nothing. Ask its operators; do not retry until they lift it.' },
  'trail-unavailable':       { via: 'rpc',  status: 503, code: 164312, says: 'The call cannot be recorded, so it is not served. Try again later.' },
  'shutting-down':           { via: 'http', status: 503, code: 164312, says: 'This instance is stopping. Open a new connection and try again.' },
  'internal':                { via: 'rpc',  status: 500, code: -32603, says: 'Internal error. Nothing was returned; give call_id to the operators.' },

  // Transport: before the caller is known
  'http-malformed':          { via: 'http', status: 400, code: -32600, says: 'This is no well-formed HTTP request.' },
  'headers-too-large':       { via: 'http', status: 431, code: -32600, says: 'The headers are larger than 16 KiB. Send fewer or shorter ones.' },
  'policy-changed':          { via: 'http', status: 503, code: 164312, says: 'The policy changed while the message was sent. Send it again.' },
  'request-late':            { via: 'http', status: 408, code: -32600, says: 'The request did not arrive in time. Send it whole within 30 seconds.' },
  'certificate-expired':     { via: 'http', status: 401, code: 164312, says: 'The client certificate of this connection has expired. Connect again with a current one.' },
  'certificate-superseded':  { via: 'http', status: 401, code: 164312, says: 'The accepted client CA has changed since this connection began. Connect again.' },
  'query-in-url':            { via: 'http', status: 400, code: 164312, says: 'A URL may hold no query: URLs end in logs. Send everything in the body.' },
  'token-in-url':            { via: 'http', status: 400, code: 164312, says: 'A token stood in the URL, where logs keep it. Revoke it, get a new one and send that in the Authorization header.' },
  'path-unknown':            { via: 'http', status: 404, code: -32600, says: 'There is nothing at this path. Use the MCP endpoint of this server.' },
  'method-not-allowed':      { via: 'http', status: 405, code: -32600, says: 'Only POST is served here. Send each message as a POST of its own.' },
  'host-unknown':            { via: 'http', status: 421, code: -32600, says: 'The Host header names another server. Use a name of this server\u2019s certificate, or one that its policy lists.' },
  'origin-refused':          { via: 'http', status: 403, code: -32600, says: 'Requests of this origin are refused. Call without an Origin header, or have the origin listed in the policy.' },
  'content-type-refused':    { via: 'http', status: 415, code: -32600, says: 'Send application/json in UTF-8 without content encoding.' },
  'accept-refused':          { via: 'http', status: 406, code: -32600, says: 'Accept must list application/json and text/event-stream.' },
  'body-too-large':          { via: 'http', status: 413, code: -32600, says: 'The body is larger than 1 MiB. Ask for less in one message.' },
  'bodies-over-limit':       { via: 'http', status: 429, code: 164312, says: 'More than 8 MiB of messages of this person are arriving at a time. Send fewer at a time.' },
  'bodies-full':             { via: 'http', status: 503, code: 164312, says: 'More messages are arriving than this instance can hold. Try again after a second.' },
  'json-broken':             { via: 'rpc',  status: 400, code: -32700, says: 'The body is not JSON in UTF-8.' },
  'json-too-deep':           { via: 'rpc',  status: 400, code: -32600, says: 'The body is nested deeper than 64 levels.' },
  'json-too-many':           { via: 'rpc',  status: 400, code: -32600, says: 'The body holds more than 20,000 values. Ask for less in one message.' },
  'json-number':             { via: 'rpc',  status: 400, code: -32600, says: 'A number in the body cannot be passed on as it is. Send integers beyond 2^53 as text, and no number that a double cannot hold.' },
  'json-prototype':          { via: 'rpc',  status: 400, code: -32600, says: 'A member may not be named __proto__, nor constructor with a member prototype.' },
  'batch-refused':           { via: 'rpc',  status: 400, code: -32600, says: 'Batches are refused. Send each message as a POST of its own.' },
  'message-malformed':       { via: 'rpc',  status: 400, code: -32600, says: 'The body is no JSON-RPC 2.0 request or notification.' },
  'meta-missing':            { via: 'rpc',  status: 400, code: -32602, says: 'params._meta must name io.modelcontextprotocol/protocolVersion and clientCapabilities.' },
  'headers-disagree':        { via: 'rpc',  status: 400, code: -32020, says: 'MCP-Protocol-Version, Mcp-Method and Mcp-Name must be there as the revision asks and agree with the body.' },
  'revision-unknown':        { via: 'rpc',  status: 400, code: -32022, says: 'Unsupported protocol version. data.supported lists those that are served.' },
  'method-unknown':          { via: 'rpc',  status: 404, code: -32601, says: 'Method not found' },
  'notification-unknown':    { via: 'http', status: 400, code: -32601, says: 'This notification is not accepted.' },
  'session-unknown':         { via: 'http', status: 404, code: -32600, says: 'There is no such session for this caller. Initialize a new one.' },

  // 164.312(d): who is asking
  'authorization-repeated':  { via: 'http', status: 400, code: 164312, says: 'There is more than one Authorization header. Send one.' },
  'token-missing':           { via: 'http', status: 401, code: 164312, says: 'An access token is required, under the scheme of the challenge. Get one from the authorization server.' },
  'token-malformed':         { via: 'http', status: 401, code: 164312, says: 'The access token is no signed JWT that this server can read. Get a new one.' },
  'token-too-large':         { via: 'http', status: 401, code: 164312, says: 'The token is longer than 12,288 characters. Have it issued with fewer claims.' },
  'token-kind':              { via: 'http', status: 401, code: 164312, says: 'The token is no access token. Send neither an ID token nor a proof as one.' },
  'token-issuer':            { via: 'http', status: 401, code: 164312, says: 'The token is from an issuer that this server does not trust.' },
  'token-algorithm':         { via: 'http', status: 401, code: 164312, says: 'The token must be signed with an algorithm that this server takes of its issuer, out of RS256, PS256, ES256 and EdDSA.' },
  'token-signature':         { via: 'http', status: 401, code: 164312, says: 'The signature of the token does not verify. Get a new one.' },
  'token-audience':          { via: 'http', status: 401, code: 164312, says: 'The token is meant for another resource. Ask for one with this server as its resource (RFC 8707).' },
  'token-expired':           { via: 'http', status: 401, code: 164312, says: 'The token has expired. Get a new one.' },
  'token-not-yet-valid':     { via: 'http', status: 401, code: 164312, says: 'The token is not valid yet. Check the clocks, then get a new one.' },
  'token-claims':            { via: 'http', status: 401, code: 164312, says: 'The token lacks sub, iat or exp, or one of these or act is malformed.' },
  'token-unbound':           { via: 'http', status: 401, code: 164312, says: 'The token is not bound as the policy demands: to the client certificate of this connection (RFC 8705), or to a key (RFC 9449).' },
  'proof-missing':           { via: 'http', status: 401, code: 164312, says: 'The request has no DPoP proof. Sign one with the key that the token is bound to and the nonce of this answer.' },
  'proof-refused':           { via: 'http', status: 401, code: 164312, says: 'The DPoP proof is not good for this request: data.rule says which member is at fault. Sign a new one.' },
  'proof-nonce':             { via: 'http', status: 401, code: 164312, says: 'The DPoP proof lacks a current nonce. Sign a new one with the nonce of this answer.' },
  'proof-replayed':          { via: 'http', status: 401, code: 164312, says: 'This DPoP proof was used before. Sign a new one for each request.' },
  'proofs-over-limit':       { via: 'http', status: 503, code: 164312, says: 'Too many DPoP proofs in two minutes. Try again later.' },
  'token-not-a-person':      { via: 'http', status: 401, code: 164312, says: 'The token stands for a program, not for a person. Log a person in.' },
  'mfa-missing':             { via: 'http', status: 401, code: 164312, says: 'The login did not prove more than one factor. Log in again as the challenge asks (RFC 9470).' },
  'mfa-too-old':             { via: 'http', status: 401, code: 164312, says: 'The login is too long ago. Log in again as the challenge asks (RFC 9470).' },
  'session-idle':            { via: 'http', status: 401, code: 164312, says: 'Nothing was asked for too long, so the session is over. Log in again as the challenge asks (RFC 9470).' },
  'session-over':            { via: 'http', status: 401, code: 164312, says: 'The login has lasted for as long as one may. Log in again as the challenge asks (RFC 9470).' },
  'certificate-revoked':     { via: 'http', status: 403, code: 164308, says: 'Access with this client certificate was ended. Ask the privacy officer; a new certificate is needed.' },
  'token-revoked':           { via: 'http', status: 401, code: 164308, says: 'This token was revoked. Log in again.' },
  'person-revoked':          { via: 'http', status: 403, code: 164308, says: 'The access of this person was ended. Ask the privacy officer.' },
  'client-revoked':          { via: 'http', status: 403, code: 164308, says: 'The access of this client program was ended. Ask the privacy officer, or use another client.' },
  'training-missing':        { via: 'rpc',  status: 200, code: 164308, says: 'The token names no date of training. Have the training recorded with the identity provider.' },
  'training-too-old':        { via: 'rpc',  status: 200, code: 164308, says: 'The training is too long ago. Renew it, then log in again.' },

  'enrol-malformed':         { via: 'http', status: 400, code: -32600, says: 'The body must be JSON with a member csr: a PKCS #10 request in PEM, for an EC P-256 or P-384 key and signed by it.' },
  'enrol-key':               { via: 'http', status: 400, code: 164312, says: 'The token is bound to another key than the one of the certificate request. Get a token for this key, or one that is bound to nothing yet.' },
  'enrol-over-limit':        { via: 'http', status: 429, code: 164312, says: 'Too many certificates were asked for. Try again after data.retryAfter seconds.' },
  'enrol-unavailable':       { via: 'http', status: 503, code: 164312, says: 'No certificate can be signed at this moment. Try again later.' },

  // 164.312(a)(1): may they
  'tool-unknown':            { via: 'rpc',  status: 200, code: -32602, says: 'Unknown tool' },
  'resource-unknown':        { via: 'rpc',  status: 200, code: -32602, says: 'Unknown resource' },
  'prompt-unknown':          { via: 'rpc',  status: 200, code: -32602, says: 'Unknown prompt' },
  'completion-unknown':      { via: 'rpc',  status: 200, code: -32602, says: 'Nothing completes this argument' },
  'task-unknown':            { via: 'rpc',  status: 200, code: -32602, says: 'Unknown task. It is over, or was not given to this caller: call the tool anew.' },
  'cursor-refused':          { via: 'rpc',  status: 200, code: -32602, says: 'Unknown cursor. The list may have changed: begin it anew, without a cursor.' },
  'role-missing':            { via: 'rpc',  status: 200, code: 164312, says: 'No role of this token is known here. Ask the operators for one.' },
  'scopes-missing':          { via: 'http', status: 403, code: 164312, says: 'The token lacks scopes. The challenge lists all that are needed.' },
  'purpose-missing':         { via: 'rpc',  status: 200, code: 164502, says: 'A purpose of use is required. State one of data.purposes in _meta["dev.hipaa-mcp/purpose"].' },
  'purpose-contradicts':     { via: 'rpc',  status: 200, code: 164502, says: 'The token was given for another purpose of use than the request states. Leave it out of the request, or log in for the other.' },
  'purpose-not-permitted':   { via: 'rpc',  status: 200, code: 164502, says: 'This tool is not permitted for the stated purpose of use. data.purposes lists those that are.' },
  'patient-not-permitted':   { via: 'tool', status: 200, code: 164502, says: 'This patient is out of reach for this caller. Ask only for the patient that the login is for.' },
  'break-glass-login':       { via: 'http', status: 401, code: 164312, says: 'Emergency access needs a login of the last five minutes. Log in again as the challenge asks (RFC 9470).' },
  'calls-over-limit':        { via: 'rpc',  status: 200, code: 164502, says: 'Too many calls of this tool in a minute. Try again after data.retryAfter seconds.' },
  'patient-calls-over-limit':{ via: 'rpc',  status: 200, code: 164502, says: 'Too many calls about one patient in an hour. Try again after data.retryAfter seconds.' },
  'volume-over-limit':       { via: 'rpc',  status: 200, code: 164502, says: 'The results of this hour are as large as they may be together. Try again after data.retryAfter seconds, and ask for less.' },
  'patients-over-limit':     { via: 'rpc',  status: 200, code: 164502, says: 'Too many different patients in an hour. Try again after data.retryAfter seconds.' },

  // 164.502(b): ask for less
  'argument-refused':        { via: 'rpc',  status: 200, code: -32602, says: 'An argument is refused: data says which and why. tools/list shows the schema.' },
  'bulk-refused':            { via: 'rpc',  status: 200, code: -32602, says: 'An argument asks for everybody, for everything or for too many at once: data says which and why. Name one patient, and ask for less.' },
  'too-many-patients':       { via: 'tool', status: 200, code: 164502, says: `The call names more patients than one record can name, which is ${mostPatients}, or fewer where identifiers are longer than 64 characters. Nothing was done. Ask in several calls, of fewer patients each.` },
  'argument-identifies':     { via: 'rpc',  status: 200, code: -32602, says: 'An argument holds an identifier of a person that the server does not need: data says which. Name the patient by the argument for it, and ask without.' },
  'record-too-large':        { via: 'tool', status: 200, code: 164312, says: 'The record of this call would be larger than a record may be, so nothing is returned. Ask for less in one call.' },
  'input-malformed':         { via: 'rpc',  status: 200, code: -32602, says: 'inputResponses is no object of at most 32 answers.' },
  'call-unknown':            { via: 'http', status: 400, code: -32600, says: 'No call of that id runs for this caller.' },
  'question-unknown':        { via: 'http', status: 400, code: -32600, says: 'No question of that id is open for this caller.' },
  'event-unknown':           { via: 'http', status: 400, code: -32600, says: 'Last-Event-ID is not what this caller was given in this session, or is over. Open the stream without it, and look before you repeat a call.' },
  'subscriptions-over-limit':{ via: 'rpc',  status: 200, code: 164502, says: 'This session is told of a hundred resources already. Unsubscribe from one first.' },
  'streams-over-limit':      { via: 'http', status: 429, code: 164502, says: 'Too many streams of this person are open. Close one first.' },
  'state-refused':           { via: 'rpc',  status: 200, code: -32602, says: 'requestState is not what this server gave you for this request, or is over. Ask anew without it.' },

  // The server behind us, in our words: its own may hold PHI
  'upstream-down':           { via: 'tool', status: 200, code: 164312, says: 'The server behind this gateway cannot be reached. Nothing was done. Try again later.' },
  'caller-gone':             { via: 'rpc',  status: 200, code: 164312, says: 'The caller ended the call. It may have run.' },
  'upstream-late':           { via: 'tool', status: 200, code: 164312, says: 'The server did not answer in time. The call may have run; look before you repeat it.' },
  'upstream-broken-off':     { via: 'tool', status: 200, code: 164312, says: 'The server broke off its answer. The call may have run; look before you repeat it.' },
  'upstream-malformed':      { via: 'tool', status: 200, code: 164312, says: 'The server answered with something that is no MCP result. The call may have run.' },
  'upstream-too-large':      { via: 'tool', status: 200, code: 164312, says: 'The server\u2019s answer is too large to be filtered. Ask for less.' },
  'upstream-error':          { via: 'tool', status: 200, code: 164312, says: 'The server refused the call or failed on it. Check the arguments; its own words are withheld because they may hold patient data.' },
  'upstream-asks':           { via: 'tool', status: 200, code: 164312, says: 'The server asked for more input, which this gateway does not pass on.' },
  'upstream-params':         { via: 'rpc',  status: 200, code: -32602, says: 'The server refused the parameters. Its own words are withheld because they may hold patient data.' },
  'capability-missing':      { via: 'rpc',  status: 400, code: -32021, says: 'The server needs a capability that the caller did not declare, or that the policy does not let through.' },
  'upstream-no-handshake':   { via: 'rpc',  status: 400, code: 164312, says: 'The server behind this gateway does not speak this revision. Try another.' },

  // 164.514(d)(3): show less
  'result-too-large':        { via: 'tool', status: 200, code: 164502, says: 'The result is larger than this tool may return. Ask for less.' },
  'result-lacks-part':       { via: 'tool', status: 200, code: 164502, says: 'The server\u2019s answer lacks the part that this tool returns. Nothing of it is shown; ask the operators if that is always so.' },
  'result-breaks-schema':    { via: 'tool', status: 200, code: 164502, says: 'What this caller may see of the result is not what tools/list says of it. Nothing of it is shown; ask the operators if that is always so.' },
  'result-too-many-patients':{ via: 'tool', status: 200, code: 164502, says: 'The result holds more patients than one record can name. Ask for fewer.' },
} as const satisfies Record<string, Row>

export type Reason = keyof typeof refusals

/** What a refusal may add to its row: closed shapes, none of which can hold a value out of a message or a result. */
export type Details = {
  /** Members of `data`, besides reason and call_id. Only names out of the policy, and numbers of ours. */
  data?: {
    readonly [member: string]: string | number | readonly string[] | { readonly [capability: string]: object }
  }
  /** The server's JSON-RPC error, as far as the specification gives it a meaning. */
  upstream?: { readonly code: number; readonly capabilities?: readonly string[] }
  /** WWW-Authenticate, Retry-After, Allow. */
  headers?: { readonly [name: string]: string }
  /** What WWW-Authenticate says besides what the policy does; challenge.ts makes the header of it. */
  challenge?: Challenge
  /** Whether the call may have run at the server: its result record then says `unknown`. */
  mayHaveRun?: boolean
  /** For the diagnostics, never for the wire. */
  cause?: unknown
}

/** Policy said no, or the server behind us failed: anything with a row. */
export class Refusal extends Error {
  readonly reason: Reason
  readonly details: Details

  constructor(reason: Reason, details: Details = {}) {
    super(reason, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'Refusal'
    this.reason = reason
    this.details = details
  }
}
