// What containers of the app shall trust, in the forms that their languages read: the pod's own authority by itself, and beside the
// public ones that Node brings (Mozilla's list), since most variables replace a trust and few add to it.

import { hash, X509Certificate } from 'node:crypto'
import { chmodSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { trustFiles } from '../../../core/identifiers.ts'

/** Whoever reads a file meanwhile reads the old one or the new one, whole. */
export function writeTrust(folder: string, certificate: string): void {
  const all = [certificate, ...rootCertificates]
  const contents = {
    own: certificate,
    bundle: all.map((pem) => `${pem.trim()}\n`).join(''),
    java: javaTrust(all),
  }
  for (const [kind, content] of Object.entries(contents) as [keyof typeof contents, string | Buffer][]) {
    const file = join(folder, trustFiles[kind])
    writeFileSync(`${file}.new`, content)
    chmodSync(`${file}.new`, 0o444)
    renameSync(`${file}.new`, file)
  }
}

/**
 * A trust store that a JVM reads without being told a password (sun.security.provider.JavaKeyStore, format version 2): PKCS #12
 * without one is read as empty before Java 18. The digest at its end is over a password that everybody knows.
 */
function javaTrust(certificates: readonly string[]): Buffer {
  const entries = certificates.map((pem, index) => {
    const { raw } = new X509Certificate(pem)
    const alias = text(`hipaa-mcp-${index}`)
    return Buffer.concat([number(trustedCertificate), alias, madeAt, text('X.509'), number(raw.length), raw])
  })
  const body = Buffer.concat([number(0xfeedfeed), number(2), number(entries.length), ...entries])
  const password = Buffer.from('changeit', 'utf16le').swap16()
  const digest = hash('sha1', Buffer.concat([password, Buffer.from('Mighty Aphrodite'), body]), 'buffer')
  return Buffer.concat([body, digest])
}
const trustedCertificate = 2
/** When an entry was made, milliseconds since 1970; nothing reads it. */
const madeAt = Buffer.alloc(8)

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function text(value: string): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(value.length)
  return Buffer.concat([length, Buffer.from(value, 'ascii')])
}
