// Pins: every way we say no. A change here is a change of what callers and auditors read.

import { expect, test } from 'vitest'
import { refusals } from '../../../sidecar/refusals.ts'

test('reasons, ways, statuses and codes are pinned', () => {
  const rows = Object.entries(refusals).map(
    ([reason, { via, status, code }]) => `${reason} ${via} ${status} ${code}`,
  )

  expect(rows).toMatchInlineSnapshot(`
    [
      "locked rpc 503 164308",
      "trail-unavailable rpc 503 164312",
      "shutting-down http 503 164312",
      "internal rpc 500 -32603",
      "http-malformed http 400 -32600",
      "headers-too-large http 431 -32600",
      "policy-changed http 503 164312",
      "request-late http 408 -32600",
      "certificate-expired http 401 164312",
      "certificate-superseded http 401 164312",
      "query-in-url http 400 164312",
      "token-in-url http 400 164312",
      "path-unknown http 404 -32600",
      "method-not-allowed http 405 -32600",
      "host-unknown http 421 -32600",
      "origin-refused http 403 -32600",
      "content-type-refused http 415 -32600",
      "accept-refused http 406 -32600",
      "body-too-large http 413 -32600",
      "bodies-over-limit http 429 164312",
      "bodies-full http 503 164312",
      "json-broken rpc 400 -32700",
      "json-too-deep rpc 400 -32600",
      "json-too-many rpc 400 -32600",
      "json-number rpc 400 -32600",
      "json-prototype rpc 400 -32600",
      "batch-refused rpc 400 -32600",
      "message-malformed rpc 400 -32600",
      "meta-missing rpc 400 -32602",
      "headers-disagree rpc 400 -32020",
      "revision-unknown rpc 400 -32022",
      "method-unknown rpc 404 -32601",
      "notification-unknown http 400 -32601",
      "session-unknown http 404 -32600",
      "authorization-repeated http 400 164312",
      "token-missing http 401 164312",
      "token-malformed http 401 164312",
      "token-too-large http 401 164312",
      "token-kind http 401 164312",
      "token-issuer http 401 164312",
      "token-algorithm http 401 164312",
      "token-signature http 401 164312",
      "token-audience http 401 164312",
      "token-expired http 401 164312",
      "token-not-yet-valid http 401 164312",
      "token-claims http 401 164312",
      "token-unbound http 401 164312",
      "proof-missing http 401 164312",
      "proof-refused http 401 164312",
      "proof-nonce http 401 164312",
      "proof-replayed http 401 164312",
      "proofs-over-limit http 503 164312",
      "token-not-a-person http 401 164312",
      "mfa-missing http 401 164312",
      "mfa-too-old http 401 164312",
      "session-idle http 401 164312",
      "session-over http 401 164312",
      "certificate-revoked http 403 164308",
      "token-revoked http 401 164308",
      "person-revoked http 403 164308",
      "client-revoked http 403 164308",
      "training-missing rpc 200 164308",
      "training-too-old rpc 200 164308",
      "enrol-malformed http 400 -32600",
      "enrol-key http 400 164312",
      "enrol-over-limit http 429 164312",
      "enrol-unavailable http 503 164312",
      "tool-unknown rpc 200 -32602",
      "resource-unknown rpc 200 -32602",
      "prompt-unknown rpc 200 -32602",
      "completion-unknown rpc 200 -32602",
      "task-unknown rpc 200 -32602",
      "cursor-refused rpc 200 -32602",
      "role-missing rpc 200 164312",
      "scopes-missing http 403 164312",
      "purpose-missing rpc 200 164502",
      "purpose-contradicts rpc 200 164502",
      "purpose-not-permitted rpc 200 164502",
      "patient-not-permitted tool 200 164502",
      "break-glass-login http 401 164312",
      "calls-over-limit rpc 200 164502",
      "patient-calls-over-limit rpc 200 164502",
      "volume-over-limit rpc 200 164502",
      "patients-over-limit rpc 200 164502",
      "argument-refused rpc 200 -32602",
      "bulk-refused rpc 200 -32602",
      "too-many-patients tool 200 164502",
      "argument-identifies rpc 200 -32602",
      "record-too-large tool 200 164312",
      "input-malformed rpc 200 -32602",
      "call-unknown http 400 -32600",
      "question-unknown http 400 -32600",
      "event-unknown http 400 -32600",
      "subscriptions-over-limit rpc 200 164502",
      "streams-over-limit http 429 164502",
      "state-refused rpc 200 -32602",
      "upstream-down tool 200 164312",
      "caller-gone rpc 200 164312",
      "upstream-late tool 200 164312",
      "upstream-broken-off tool 200 164312",
      "upstream-malformed tool 200 164312",
      "upstream-too-large tool 200 164312",
      "upstream-error tool 200 164312",
      "upstream-asks tool 200 164312",
      "upstream-params rpc 200 -32602",
      "capability-missing rpc 400 -32021",
      "upstream-no-handshake rpc 400 164312",
      "result-too-large tool 200 164502",
      "result-lacks-part tool 200 164502",
      "result-breaks-schema tool 200 164502",
      "result-too-many-patients tool 200 164502",
    ]
  `)
})

test('every sentence is constant, ends, and holds no marker to fill in', () => {
  const odd = Object.entries(refusals).filter(
    ([, { says, code }]) => ![-32601, -32602].includes(code) && !/^[A-Z][^${}%]+\.$/.test(says),
  )

  expect(odd.map(([reason]) => reason)).toEqual([])
})

test('own codes are positive; codes of the protocol are those that it defines', () => {
  const codes = new Set(Object.values(refusals).map(({ code }) => code as number))

  expect([...codes].filter((code) => code < 0).toSorted((a, b) => b - a)).toEqual([
    -32020, -32021, -32022, -32600, -32601, -32602, -32603, -32700,
  ])
  expect([...codes].filter((code) => code > 0).toSorted((a, b) => a - b)).toEqual([164308, 164312, 164502])
})
