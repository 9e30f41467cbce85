// The operator's own certificate authorities. The Secret in the operator's namespace is the only source of truth:
// replicas that each made their own would fight over the caBundle.

import 'reflect-metadata'
import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { systemNamespace } from '../../core/identifiers.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import { ApiError, type Client } from '../cluster/client.ts'
import { kinds } from '../cluster/kinds.ts'

/**
 * A CA that can sign. `pem` is its certificate. `webhookKey` follows from its key, so every replica has the same: by it the API
 * server, which shows no certificate, is told from everybody else who reaches the webhooks.
 */
export type Authority = {
  pem: string
  certificate: x509.X509Certificate
  key: CryptoKey
  webhookKey: KeyObject
}

export const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const tenYears = 3650 * 86_400_000

/**
 * The authority that the Secret holds; made, if there is none yet. Replicas that start together end with the same one:
 * the API server lets one of them create, the others read. Rejects, and never overwrites, when the Secret holds
 * anything else: certificates in the field may hang on what it held before.
 */
export async function loadAuthority(
  client: Pick<Client, 'get' | 'create'>,
  secret: string,
  now: number = Date.now(),
): Promise<Authority> {
  const stored = await client.get<KubernetesObject>(kinds.secret, systemNamespace, secret)
  if (stored !== undefined) return await read(stored, now)
  const made = await makeAuthority(secret, now)
  try {
    await client.create<KubernetesObject>(kinds.secret, await written(secret, made))
    return made
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error
    const winner = await client.get<KubernetesObject>(kinds.secret, systemNamespace, secret)
    if (winner === undefined) throw error
    return await read(winner, now)
  }
}

/** A new authority for ten years, in memory. */
export async function makeAuthority(name: string, now: number): Promise<Authority> {
  const keys = await crypto.subtle.generateKey(ecdsa, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: ecdsa,
    serialNumber: serialNumber(),
    // Clocks differ: a certificate that begins now is not valid yet on a node that is late.
    notBefore: new Date(now - 300_000),
    notAfter: new Date(now + tenYears),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const webhookKey = webhookKeyOf(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
  return { pem: pemOf(certificate), certificate, key: keys.privateKey, webhookKey }
}

/** Says nothing of the key that it follows from. */
function webhookKeyOf(pkcs8: ArrayBuffer): KeyObject {
  const bytes = hkdfSync('sha256', new Uint8Array(pkcs8), '', 'hipaa-mcp webhook paths', 32)
  return createSecretKey(new Uint8Array(bytes))
}

/** 128 random bits, positive (RFC 5280 4.1.2.2). */
export function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40
  return bytes.toString('hex')
}

/** PEM, ended by a newline, so that chains can be joined. */
export function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem').trimEnd()}\n`
}

/** PKCS #8, PEM. */
export async function privateKeyPem(key: CryptoKey): Promise<string> {
  const bytes = await crypto.subtle.exportKey('pkcs8', key)
  return `${x509.PemConverter.encode(bytes, 'PRIVATE KEY')}\n`
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

async function written(name: string, authority: Authority): Promise<KubernetesObject> {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name, namespace: systemNamespace },
    data: {
      'tls.crt': base64(authority.pem),
      'tls.key': base64(await privateKeyPem(authority.key)),
    },
  }
}

async function read(secret: KubernetesObject, now: number): Promise<Authority> {
  const data = (secret['data'] ?? {}) as { [key: string]: string | undefined }
  const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString('utf8')
  const mend = `restore Secret ${systemNamespace}/${secret.metadata.name} from a backup, or delete it to begin with a new CA (every guarded pod must then be restarted)`
  let authority: Authority
  try {
    const certificate = new x509.X509Certificate(text('tls.crt'))
    const der = x509.PemConverter.decodeFirst(text('tls.key'))
    const key = await crypto.subtle.importKey('pkcs8', der, ecdsa, false, ['sign'])
    authority = { pem: pemOf(certificate), certificate, key, webhookKey: webhookKeyOf(der) }
  } catch (cause) {
    throw new Error(`The CA is not readable: ${mend}`, { cause })
  }
  if (!(await belongTogether(authority))) throw new Error(`The CA's key is not its certificate's: ${mend}`)
  if (authority.certificate.notAfter.getTime() <= now) throw new Error(`The CA is over: ${mend}`)
  return authority
}

/** Whether what the key signs is what the certificate verifies. */
async function belongTogether({ certificate, key }: Authority): Promise<boolean> {
  const probe = randomBytes(32)
  const signature = await crypto.subtle.sign(ecdsa, key, probe)
  const publicKey = await certificate.publicKey.export(ecdsa, ['verify'])
  return await crypto.subtle.verify(ecdsa, publicKey, signature, probe)
}
