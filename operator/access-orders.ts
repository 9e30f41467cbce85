// What orders say of emergency access and of access that was ended. Pure.

import { grantStanding } from '../core/grant.ts'
import type { GrantChange, GrantOrder, RevocationOrder } from '../core/wire.ts'
import type { AccessRevocation } from '../crds/accessrevocation.generated.ts'
import type { BreakGlassGrant } from '../crds/breakglassgrant.generated.ts'

/** More than that do not fit one event of the orders: the servers lock rather than forget one. */
export const mostRevocations = 10_000

/** Condition of a grant: what became of it is on record, up to what its reason names. */
export const onRecordType = 'OnRecord'

/** Of a condition: in CamelCase. */
export const onRecordReason = (change: GrantChange['change']): string =>
  `${change[0]?.toUpperCase()}${change.slice(1)}`

/** The newest of what is on record of a grant, as the leader noted it. */
export function onRecordOf({ status }: BreakGlassGrant): string | undefined {
  const found = status?.conditions?.find(({ type }) => type === onRecordType)
  return found?.status === 'True' ? found.reason : undefined
}

/**
 * Grants of one server that are in force at this moment, in order of their names. One whose approval is not on record opens nothing. The
 * leader notes that it is in its status: every replica, also one that just began while the collector is away, sends the same.
 */
export function grantOrders(grants: readonly BreakGlassGrant[], now: number): GrantOrder[] {
  return grants
    .flatMap((grant): GrantOrder[] => {
      const { metadata, spec } = grant
      const { state, until } = grantStanding(grant, now)
      const { subject, patients } = spec
      // One that opens ways into pods is admission's business, and widens no call.
      if (state !== 'Active' || until === undefined || subject === undefined || patients === undefined)
        return []
      if (onRecordOf(grant) !== onRecordReason('approved')) return []
      return [
        {
          name: metadata.name,
          uid: metadata.uid ?? '',
          iss: subject.issuer,
          sub: subject.sub,
          patients,
          until: new Date(until).toISOString(),
          requestedBy: spec.requestedBy ?? '',
          approvedBy: spec.approval?.by ?? '',
        },
      ]
    })
    .toSorted(({ name: a }, { name: b }) => (a < b ? -1 : 1))
}

/** Revocations that have not expired, each thing once, in a fixed order. */
export function revocationOrders(revocations: readonly AccessRevocation[], now: number): RevocationOrder[] {
  return revocations
    .filter(({ spec }) => !(now >= Date.parse(spec.expires ?? '')))
    .flatMap(({ spec }): RevocationOrder[] => {
      const what = whatOf(spec)
      return what === undefined
        ? []
        : [{ ...what, ...(spec.expires === undefined ? {} : { until: spec.expires }) }]
    })
    .toSorted((a, b) => (`${a.kind} ${a.value} ${a.until}` < `${b.kind} ${b.value} ${b.until}` ? -1 : 1))
}

/** What is refused; undefined of one that says nothing. */
export function whatOf(spec: AccessRevocation['spec']): RevocationOrder | undefined {
  const { person, token, certificate, client } = spec
  if (person !== undefined) return { kind: 'person', value: `${person.issuer} ${person.sub}` }
  if (token?.id !== undefined) return { kind: 'token', value: token.id }
  if (token?.sha256 !== undefined) return { kind: 'token-hash', value: token.sha256 }
  if (certificate !== undefined) return { kind: 'certificate', value: thumbprintOf(certificate) }
  return client === undefined ? undefined : { kind: 'client', value: client }
}

/** RFC 3339, milliseconds. What is no time is over. */
export function timeOf(milliseconds: number): string {
  return new Date(Number.isNaN(milliseconds) ? 0 : milliseconds).toISOString()
}

/** As records and tokens write it (RFC 8705 x5t#S256): base64url. People's tools print hexadecimal. */
function thumbprintOf(text: string): string {
  return /^[0-9a-f]{64}$/.test(text) ? Buffer.from(text, 'hex').toString('base64url') : text
}

/** Milliseconds until one of these begins or ends by the clock; undefined when none does. */
export function nextAccessTurn(
  grants: readonly BreakGlassGrant[],
  revocations: readonly AccessRevocation[],
  now: number,
): number | undefined {
  const turns = [
    ...grants.map((grant) => grantStanding(grant, now).turn),
    ...revocations.map(({ spec }) => (spec.expires === undefined ? undefined : Date.parse(spec.expires))),
  ]
    .map((turn) => (turn ?? Number.NaN) - now)
    .filter((left) => left > 0)
  return turns.length === 0 ? undefined : Math.min(...turns)
}
