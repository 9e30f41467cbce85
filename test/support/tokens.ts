// An issuer in the test's process: keys, its key set, and tokens that are right in everything a test does not name.

import { exportJWK, generateKeyPair, type JSONWebKeySet, type JWTPayload, SignJWT } from 'jose'
import { audience, issuerUrl } from './policy.ts'

export type TestIssuer = {
  readonly url: string
  readonly jwks: JSONWebKeySet
  /** `undefined` in `claims` leaves a claim out. */
  token(
    certificate: string,
    claims?: JWTPayload,
    header?: { alg?: string; kid?: string; typ?: string },
  ): Promise<string>
}

/** Seconds since 1970. */
export const now = (): number => Math.floor(Date.now() / 1000)

export async function anIssuer(url: string = issuerUrl, alg = 'ES256'): Promise<TestIssuer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg, use: 'sig' }
  return {
    url,
    jwks: { keys: [jwk] },
    token: async (certificate, claims = {}, header = {}) =>
      await new SignJWT({
        iss: url,
        sub: 'nurse-7',
        aud: audience,
        exp: now() + 600,
        iat: now(),
        jti: 'token-1',
        azp: 'agent',
        acr: 'gold',
        auth_time: now() - 60,
        scope: 'openid ehr.read',
        realm_access: { roles: ['Clinician'] },
        cnf: { 'x5t#S256': certificate },
        ...claims,
      })
        .setProtectedHeader({ alg, kid: 'one', ...header })
        .sign(privateKey),
  }
}
