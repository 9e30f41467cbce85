// What the collector offers of its key: auditors have the data key of a segment opened, each time on record. The key's
// holder and its credentials stay the collector's own.

import { isObject } from '../../core/is-object.ts'
import { type Check, holds, type Shape, text } from '../../core/shape.ts'
import type { DataKeyRequest, DataKeyResponse } from '../../core/wire.ts'
import type { Route } from '../receive.ts'
import { Refusal } from '../refusals.ts'
import type { Sealing } from './sealing.ts'

const limit = 65_536

const uuid: Check = (value) => typeof value === 'string' && /^[0-9a-f-]{36}$/.test(value)
const shape: Shape<DataKeyRequest> = { origin: text, segment: uuid, keyId: text, wrapped: text }

/** `sealing` is undefined where no key is configured. */
export function sealingRoutes(sealing: () => Sealing | undefined): { [methodAndPath: string]: Route } {
  return {
    'POST /v1/data-keys': {
      roles: ['auditor'],
      run: async ({ identity, body }) => {
        if (identity.role !== 'auditor') throw new Refusal('not-permitted')
        const asked = parsed(await body(limit))
        const opened = await sealing()?.open(asked, identity.person)
        if (opened === undefined) throw new Refusal('no-key-here')
        const response: DataKeyResponse = { dataKey: opened.toString('base64') }
        opened.fill(0)
        return { type: 'application/json', body: JSON.stringify(response) }
      },
    },
  }
}

function parsed(body: Buffer): DataKeyRequest {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new Refusal('bad-request', { cause })
  }
  if (!isObject(value) || !holds(value, shape)) throw new Refusal('bad-request')
  return value as DataKeyRequest
}
