// The purpose of use (45 CFR 164.502(b)): of the token where it states one, which counts, else of the person who set this
// host up. It is said with every message, and shown to whoever looks.

import { purposeMeta } from '../../core/identifiers.ts'
import { isObject } from '../../core/is-object.ts'
import { memberOf, withMember } from '../../core/json-text.ts'
import { jsonObject } from './net.ts'

/** HL7 v3 PurposeOfUse, those that clinics use most. */
const names: { readonly [code: string]: string } = {
  TREAT: 'treatment',
  ETREAT: 'emergency treatment',
  BTG: 'break the glass',
  CAREMGT: 'care management',
  HPAYMT: 'payment',
  HOPERAT: 'health care operations',
  HRESCH: 'research',
  PUBHLTH: 'public health',
  PATRQT: 'patient request',
}

export type Purpose = { code: string; by: 'token' | 'option' }

/** What a token states at `claim` (JSON Pointer), else the option. Nothing is verified: the server does. */
export function purposeIn(
  token: string,
  claim: string | undefined,
  option: string | undefined,
): Purpose | undefined {
  const stated = claim === undefined ? undefined : at(claimsOf(token), claim)
  if (typeof stated === 'string') return { code: stated, by: 'token' }
  return option === undefined ? undefined : { code: option, by: 'option' }
}

/** What a person is told of it. */
export function describe(purpose: Purpose | undefined, option: string | undefined): string {
  if (purpose === undefined)
    return 'No purpose of use is stated, and most servers refuse calls without one: start with --purpose TREAT, or what is true'
  const { code, by } = purpose
  const name = names[code] === undefined ? '' : ` (${names[code]})`
  const other =
    by === 'token' && option !== undefined && option !== code
      ? `; --purpose ${option} does not change that`
      : ''
  return `Purpose of use in force: ${code}${name}, stated by ${by === 'token' ? 'your login' : '--purpose'}${other}`
}

type Message = { readonly [member: string]: unknown }

/**
 * The message's text with the purpose in its `_meta`, or as it is: where the token says it, or the message does, or there is
 * no place for it. All else stays as the host wrote it: an identifier that was printed anew may be another patient's.
 */
export function withPurpose(message: Message, text: string, purpose: Purpose | undefined): string {
  if (purpose?.by !== 'option' || typeof message['method'] !== 'string') return text
  const code = JSON.stringify(purpose.code)
  const meta = `{${JSON.stringify(purposeMeta)}:${code}}`
  const top = text.indexOf('{')
  if (!Object.hasOwn(message, 'params')) return withMember(text, top, 'params', `{"_meta":${meta}}`)
  const { params } = message
  const from = memberOf(text, top, 'params')
  if (!isObject(params) || from === undefined) return text
  if (!Object.hasOwn(params, '_meta')) return withMember(text, from, '_meta', meta)
  const inner = memberOf(text, from, '_meta')
  if (!isObject(params['_meta']) || inner === undefined || Object.hasOwn(params['_meta'], purposeMeta))
    return text
  return withMember(text, inner, purposeMeta, code)
}

function claimsOf(token: string): unknown {
  return jsonObject(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
}

function at(value: unknown, pointer: string): unknown {
  let found = value
  for (const segment of pointer.split('/').slice(1)) {
    const name = segment.replaceAll('~1', '/').replaceAll('~0', '~')
    found = Object.hasOwn(members(found), name) ? members(found)[name] : undefined
  }
  return found
}

function members(value: unknown): Message {
  return typeof value === 'object' && value !== null ? (value as Message) : {}
}
