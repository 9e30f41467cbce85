import { expect, test } from 'vitest'
import { behindHandle, type HandleOwner, handleFor } from '../../sidecar/handles.ts'
import { anInForce } from '../support/in-force.ts'
import { verifies } from '../verifies.ts'

const inForce = anInForce()
const owner: HandleOwner = {
  iss: 'https://login.example.org',
  sub: 'clinician-1',
  target: 'tool get_diagnosis',
}
const text = 'what only the server may read'

verifies('access:handles', 'a handle opens for its owner, use and time', () => {
  const handle = handleFor('request-state', owner, text, 1_000, inForce)

  expect(handle).not.toContain(text)
  expect(behindHandle('request-state', owner, handle, 999, inForce)).toBe(text)
})

verifies('access:handles', 'another person, tool, use, server or time opens nothing', () => {
  const handle = handleFor('request-state', owner, text, 1_000, inForce)
  const elsewhere = {
    ...inForce,
    policy: { ...inForce.policy, server: { namespace: 'clinic', name: 'other' } },
  }

  expect(behindHandle('request-state', { ...owner, sub: 'clinician-2' }, handle, 0, inForce)).toBeUndefined()
  expect(behindHandle('request-state', { ...owner, iss: 'https://x' }, handle, 0, inForce)).toBeUndefined()
  expect(behindHandle('request-state', { ...owner, target: 'tool x' }, handle, 0, inForce)).toBeUndefined()
  expect(behindHandle('task', owner, handle, 0, inForce)).toBeUndefined()
  expect(behindHandle('request-state', owner, handle, 0, elsewhere)).toBeUndefined()
  expect(behindHandle('request-state', owner, handle, 1_000, inForce)).toBeUndefined()
})

verifies('access:handles', 'a changed handle opens nothing, whatever was changed', () => {
  const handle = handleFor('task', owner, text, 1_000, inForce)

  for (let at = 0; at < handle.length; at += 1) {
    const other = handle[at] === 'A' ? 'B' : 'A'
    const changed = handle.slice(0, at) + other + handle.slice(at + 1)
    // The last character of base64url may hold bits that count for nothing.
    if (Buffer.from(changed, 'base64url').equals(Buffer.from(handle, 'base64url'))) continue
    expect(behindHandle('task', owner, changed, 0, inForce)).toBeUndefined()
  }
  for (const none of [undefined, null, 7, '', 'x', `${handle}-TAMPERED`, 'A'.repeat(70_000), `${handle}=`])
    expect(behindHandle('task', owner, none, 0, inForce)).toBeUndefined()
})

test('a handle is never taken for a sealed patient', () => {
  const first = handleFor('task', owner, text, 1_000, inForce)

  expect(handleFor('task', owner, text, 1_000, inForce)).not.toBe(first)
})
