// Certificate authorities and certificates for samples, demo and tests; valid for thirty days, P-256.

import { isIP } from 'node:net'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'

export type KeyPair = { cert: string; key: string }
export type Authority = KeyPair & { issue: (name: string, hosts?: readonly string[]) => Promise<KeyPair> }

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const days = 30

async function pem(key: CryptoKey): Promise<string> {
  const bytes = Buffer.from(await crypto.subtle.exportKey('pkcs8', key))
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`
}

const validity = () => ({
  // Clocks of two machines differ a little.
  notBefore: new Date(Date.now() - 60_000),
  notAfter: new Date(Date.now() + days * 86_400_000),
})

const serial = (): string =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(15)))
    .toString('hex')
    .replace(/^[89a-f]/, '1')

const kindOf = (name: string): 'url' | 'dns' | 'ip' =>
  name.includes('://') ? 'url' : isIP(name) === 0 ? 'dns' : 'ip'

/** A new authority. Each `issue` gives a certificate good for servers under `hosts` (names, addresses, URIs) and for clients. */
export async function authority(name: string): Promise<Authority> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const own = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=${name}`,
    ...validity(),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return {
    cert: `${own.toString('pem')}\n`,
    key: await pem(keys.privateKey),
    issue: async (subject, hosts = []) => {
      const leaf = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
      const names = hosts.map((value) => ({ type: kindOf(value), value }))
      const made = await x509.X509CertificateGenerator.create({
        serialNumber: serial(),
        subject: `CN=${subject}`,
        issuer: own.subject,
        ...validity(),
        signingAlgorithm: algorithm,
        publicKey: leaf.publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([
            x509.ExtendedKeyUsage.serverAuth,
            x509.ExtendedKeyUsage.clientAuth,
          ]),
          await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
          ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
        ],
      })
      return { cert: `${made.toString('pem')}\n`, key: await pem(leaf.privateKey) }
    },
  }
}
