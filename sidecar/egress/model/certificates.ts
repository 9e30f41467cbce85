// The certificate authority of this pod: its key lives in memory of the sidecar alone, or in its memory volume for the process
// after this one (authority.ts), and signs for the hosts of model vendors that the policy declares, so that the gate can end
// the app's TLS. Put together by hand, like the request in core/csr.ts, since an X.509 library would cost every pod 20 MB.

import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { der, newKey, type OwnKey, pemOf, pemText, tags } from '../../../core/csr.ts'
import { offeredTls } from '../../../core/offered-tls.ts'

export type PodAuthority = {
  /** PEM, for the app to trust. */
  certificate: string
  /** For a host; made when it is first asked for. */
  contextFor: (host: string) => SecureContext
}

const day = 86_400_000
/** Days: a pod may live for years, and what its app trusts is read once. */
const lifetime = { authority: 3_650, leaf: 90 }
const oid = (hex: string): Buffer => der(tags.oid, Buffer.from(hex, 'hex'))
const ecdsaWithSha256 = der(tags.sequence, oid('2a8648ce3d040302'))
const ids = {
  commonName: oid('550403'),
  basicConstraints: oid('551d13'),
  keyUsage: oid('551d0f'),
  alternatives: oid('551d11'),
  extendedUsage: oid('551d25'),
  subjectKey: oid('551d0e'),
  authorityKey: oid('551d23'),
  serverAuth: oid('2b06010505070301'),
}
const yes = der(0x01, Buffer.from([0xff]))

export function podAuthority(begins: number = Date.now(), key: OwnKey = newKey()): PodAuthority {
  const issuer = { key, name: 'hipaa-mcp pod' }
  const valid = { from: begins, days: lifetime.authority }
  const certificate = signed(issuer, key.publicKey, issuer.name, valid, [
    extension(ids.basicConstraints, der(tags.sequence, yes), true),
    // keyCertSign alone.
    extension(ids.keyUsage, der(tags.bits, Buffer.from([2, 0x04])), true),
  ])
  const leafKey = newKey()
  const contexts = new Map<string, { context: SecureContext; made: number }>()
  return {
    certificate,
    contextFor: (host) => {
      const now = Date.now()
      const known = contexts.get(host)
      if (known !== undefined && now - known.made < (lifetime.leaf / 2) * day) return known.context
      const leaf = signed(issuer, leafKey.publicKey, 'hipaa-mcp gate', { from: now, days: lifetime.leaf }, [
        extension(ids.keyUsage, der(tags.bits, Buffer.from([7, 0x80])), true),
        extension(ids.extendedUsage, der(tags.sequence, ids.serverAuth)),
        extension(ids.alternatives, der(tags.sequence, der(tags.dnsName, Buffer.from(host, 'ascii')))),
      ])
      const context = createSecureContext({
        cert: leaf,
        key: pemOf(leafKey),
        minVersion: 'TLSv1.2',
        ...offeredTls,
      })
      contexts.set(host, { context, made: now })
      return context
    },
  }
}

/** X.509 version 3 (RFC 5280 4.1), PEM. */
function signed(
  issuer: { key: OwnKey; name: string },
  publicKey: KeyObject,
  subject: string,
  valid: { from: number; days: number },
  extensions: readonly Buffer[],
): string {
  const serial = randomBytes(16)
  // Positive, and never shortened.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  const body = der(
    tags.sequence,
    der(0xa0, der(tags.integer, Buffer.from([2]))),
    der(tags.integer, serial),
    ecdsaWithSha256,
    named(issuer.name),
    der(tags.sequence, time(valid.from - day), time(valid.from + valid.days * day)),
    named(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      der(
        tags.sequence,
        ...extensions,
        extension(ids.subjectKey, der(tags.octets, keyId(publicKey))),
        extension(ids.authorityKey, der(tags.sequence, der(0x80, keyId(issuer.key.publicKey)))),
      ),
    ),
  )
  const signature = sign('sha256', body, issuer.key.privateKey)
  const bytes = der(tags.sequence, body, ecdsaWithSha256, der(tags.bits, Buffer.from([0]), signature))
  return pemText('CERTIFICATE', bytes)
}

const extension = (id: Buffer, value: Buffer, critical = false): Buffer =>
  der(tags.sequence, id, ...(critical ? [yes] : []), der(tags.octets, value))

const named = (text: string): Buffer =>
  der(tags.sequence, der(tags.set, der(tags.sequence, ids.commonName, der(0x0c, Buffer.from(text)))))

/** UTCTime: until 2049 (RFC 5280 4.1.2.5). */
const time = (milliseconds: number): Buffer =>
  der(
    0x17,
    Buffer.from(`${new Date(milliseconds).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`, 'ascii'),
  )

const keyId = (key: KeyObject): Buffer =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20)
