// Credentials for vendors of models. They stand in Secrets of the operator's namespace, where no tenant reads, and go to the
// sidecar alone: the server behind it never holds one, so nothing that it runs can use one elsewhere.

import type { Orders } from '../core/wire.ts'
import type { HipaaMcpServer } from '../crds/hipaamcpserver.generated.ts'
import type { Secret } from './objects.ts'

/** As a header can carry it, and nothing else: a line's end would begin another header. */
const form = /^[\x21-\x7e]{1,8192}$/

/** Agreement -> credential, of those that are there and well formed. `secretOf` gives this server's own Secrets only. */
export function modelCredentials(
  { network }: HipaaMcpServer['spec'],
  secretOf: (name: string) => Secret | undefined,
): NonNullable<Orders['credentials']> {
  return Object.fromEntries(
    (network?.egress ?? []).flatMap(({ baa, credential }): [string, string][] => {
      if (baa === undefined || credential === undefined) return []
      const data = secretOf(credential.secretName)?.data?.['credential'] ?? ''
      const text = Buffer.from(data, 'base64').toString('latin1').trim()
      return form.test(text) ? [[baa, text]] : []
    }),
  )
}
