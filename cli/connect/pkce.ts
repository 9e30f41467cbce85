// Proof that who redeems a code asked for it (RFC 7636). Device codes get it too, though RFC 8628 does not ask for it:
// Keycloak wants it of a client that it wants it of in a browser, and others pass over what they do not know (RFC 6749 3.2).

import { createHash, randomBytes } from 'node:crypto'

export type Pkce = {
  /** For the token request. */
  verifier: string
  /** Parameters of the request that begins. */
  challenge: { code_challenge: string; code_challenge_method: 'S256' }
}

export function newPkce(): Pkce {
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  return { verifier, challenge: { code_challenge: challenge, code_challenge_method: 'S256' } }
}
