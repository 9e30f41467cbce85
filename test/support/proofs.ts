// A client that proves possession of its key (RFC 9449): proofs that are right in everything a test does not name.

import { createHash, randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { now } from './tokens.ts'

export type TestProver = {
  readonly jwk: JWK
  readonly jkt: string
  /** `undefined` leaves a member out. */
  proof(token: string, nonce: string | undefined, claims?: object, header?: object): Promise<string>
}

/** `htu`: address of the MCP endpoint as the client knows it. */
export async function aProver(htu: string, alg = 'ES256'): Promise<TestProver> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = await exportJWK(publicKey)
  return {
    jwk,
    jkt: await calculateJwkThumbprint(jwk),
    proof: async (token, nonce, claims = {}, header = {}) =>
      await new SignJWT({
        jti: randomUUID(),
        htm: 'POST',
        htu,
        iat: now(),
        ath: createHash('sha256').update(token).digest('base64url'),
        ...(nonce === undefined ? {} : { nonce }),
        ...claims,
      })
        .setProtectedHeader({ typ: 'dpop+jwt', alg, jwk, ...header })
        .sign(privateKey),
  }
}
