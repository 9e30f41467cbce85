// What every TLS port of ours offers besides its lowest version, which each says for itself.
// Implements: transit:tls-profile

import { constants } from 'node:crypto'

/**
 * Of TLS 1.2 what TLS 1.3 kept of it: keys that are gone with the connection (ECDHE), and encryption that is authenticated. The key
 * of a server's own certificate may be of RSA.
 */
const suites = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
]

/**
 * For `createServer` and `createSecureContext` of node:tls, at the start and for every renewal.
 *
 * No session tickets: a resumed session would bring back a certificate without looking at it again, though it may have
 * expired or its CA be gone, and the tickets' key would outlive the sessions. Connections are long, so a full handshake for each
 * costs little. No renegotiation, which TLS 1.3 has not: who is at the other end never changes.
 */
export const offeredTls = {
  ciphers: suites.join(':'),
  honorCipherOrder: true,
  secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
} as const
