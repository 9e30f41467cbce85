// People of the sample clinic. Their passwords and keys guard nothing real; they stand here so that a test can sign in.

import { createHmac } from 'node:crypto'

export type Account = {
  password: string
  /** Key of the one-time codes (RFC 6238). */
  otpKey: string
  /** Claims of the access token beside those of the protocol. */
  claims: { roles: string[]; purpose_of_use: string; hipaa_training_date: string; patient?: string }
  /** Scopes that the person may give an agent. */
  scopes: string[]
}

/** `trained`: the day of the last training, ISO 8601. */
export function accounts(trained: string): { [name: string]: Account } {
  return {
    clinician: {
      password: 'sample-password-of-the-clinician',
      otpKey: 'sample-otp-key-clinician',
      claims: { roles: ['Clinician'], purpose_of_use: 'TREAT', hipaa_training_date: trained },
      scopes: ['ehr.read'],
    },
    billing: {
      password: 'sample-password-of-billing',
      otpKey: 'sample-otp-key-billing',
      claims: { roles: ['Billing'], purpose_of_use: 'HPAYMT', hipaa_training_date: trained },
      scopes: ['ehr.read'],
    },
    untrained: {
      password: 'sample-password-of-the-untrained',
      otpKey: 'sample-otp-key-untrained',
      claims: { roles: ['Clinician'], purpose_of_use: 'TREAT', hipaa_training_date: '2019-03-01' },
      scopes: ['ehr.read'],
    },
  }
}

/**
 * Agents are native programs and have no secret. Tokens of the one are bound to its certificate, of the other to a key
 * (DPoP): a provider binds to one or the other.
 */
export const agentClient = {
  id: 'agent',
  dpopId: 'agent-dpop',
  redirect: 'http://127.0.0.1/signed-in',
} as const

/**
 * What `hipaa-mcp connect` is registered as. It makes its own certificates, and has them enrolled by the server: the
 * provider binds tokens to whichever it shows.
 */
export const connectClient = { id: 'hipaa-mcp-connect', dpopId: 'hipaa-mcp-connect-dpop' } as const

const step = 30

/** The six digits of RFC 6238 (HMAC-SHA-1, 30 s) at a time in seconds since 1970. */
export function oneTimeCode(key: string, seconds: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(seconds / step)))
  const hash = createHmac('sha1', key).update(counter).digest()
  const number = hash.readUInt32BE((hash.at(-1) as number) & 0xf) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, '0')
}

/** Whether `code` is that of this moment, or of the step before or after it. */
export function codeFits(key: string, code: string, seconds: number): boolean {
  return [-step, 0, step].some((off) => oneTimeCode(key, seconds + off) === code)
}
