// Which hosts an agreement covers, and how many servers reach each under it (45 CFR 164.308(b)(3)): the table that an
// auditor compares with the list of contracts. Pure.

import { modelVendorOf } from '../core/model-vendors.ts'
import type { BusinessAssociateAgreement } from '../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../crds/hipaamcpserver.generated.ts'

type Coverage = NonNullable<NonNullable<BusinessAssociateAgreement['status']>['hosts']>

/** One line a host, in the order of the agreement. */
export function coverageOf(
  { metadata, spec }: BusinessAssociateAgreement,
  servers: readonly HipaaMcpServer[],
): Coverage {
  return spec.hosts.map((host) => ({
    host,
    servers: servers.filter((server) => reaches(server, metadata.name, host)).length,
    ...rulesOf(spec.model !== undefined, host),
  }))
}

function reaches({ spec }: HipaaMcpServer, agreement: string, host: string): boolean {
  return (spec.network?.egress ?? []).some(
    (entry) => entry.baa === agreement && (entry.host === undefined || entry.host === host),
  )
}

function rulesOf(checked: boolean, host: string): Pick<Coverage[number], 'rules'> {
  if (checked) return { rules: 'EveryCall' }
  return modelVendorOf(host) === undefined ? {} : { rules: 'Unproved' }
}
