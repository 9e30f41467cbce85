// Bodies of requests that are JSON.

import { isObject } from '../core/is-object.ts'
import { Refusal } from './refusals.ts'

/** Throws Refusal `bad-request` for what is no JSON. */
export function jsonIn(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new Refusal('bad-request', { cause })
  }
}

/** Throws Refusal `bad-request` for what is no object. */
export function objectIn(body: Buffer): { [member: string]: unknown } {
  const value = jsonIn(body)
  if (!isObject(value)) throw new Refusal('bad-request')
  return value
}
