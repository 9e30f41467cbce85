// An answer of the server that was read where it lies: what it is, is known; no value is made of it unless somebody asks.

import { isUtf8 } from 'node:buffer'
import type { JsonObject } from '../core/canonical.ts'
import { nameOf } from '../core/json-names.ts'
import {
  endOf,
  kindOf,
  nameNumberOf,
  nextOf,
  numberKind,
  objectKind,
  scan,
  startOf,
  stride,
  textKind,
} from '../core/json-scan.ts'
import type { Lying } from '../core/redaction/edit-result.ts'
import { numberAt, textAt } from '../core/redaction/tape-values.ts'
import type { Incoming } from './exchange.ts'

/** The result of the JSON-RPC answer to the request `id`; undefined for whatever else these bytes are: parse them. */
export function lyingResult(bytes: Buffer, id: number | undefined): Lying | undefined {
  if (!isUtf8(bytes)) return undefined
  const tape = scan(bytes)
  if (tape === undefined || kindOf(tape, 0) !== objectKind) return undefined
  let isAnswer = false
  let isRpc = false
  let result: number | undefined
  for (let member = stride; member < nextOf(tape, 0); member = nextOf(tape, member)) {
    const name = nameOf(nameNumberOf(tape, member))
    const kind = kindOf(tape, member)
    if (name === 'jsonrpc') isRpc = kind === textKind && textAt(tape, member) === '2.0'
    else if (name === 'id') isAnswer = kind === numberKind && numberAt(tape, member) === id
    else if (name === 'result') result = kind === objectKind ? member : undefined
    else if (name === 'error' || name === 'method') return undefined
  }
  return isRpc && isAnswer && result !== undefined ? { tape, entry: result } : undefined
}

/** What is known of it besides. */
type Besides = Pick<Incoming, 'session' | 'otherMessages'>

export function lyingAnswer(lying: Lying, besides: Besides): Incoming {
  let value: JsonObject | undefined
  return {
    ...besides,
    lying,
    get result() {
      return (value ??= resultOf(lying))
    },
  }
}

function resultOf({ tape, entry }: Lying): JsonObject {
  return JSON.parse(tape.bytes.toString('utf8', startOf(tape, entry), endOf(tape, entry))) as JsonObject
}
