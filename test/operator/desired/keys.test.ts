import { expect, test } from 'vitest'
import { desired } from '../../../operator/desired/all.ts'
import { keysIn, keysSecret } from '../../../operator/desired/keys.ts'
import type { Secret } from '../../../operator/objects.ts'
import { now, seenIn } from '../world.ts'

test('keys are made once, in the operator’s namespace, immutable, without an owner', () => {
  const wanted = desired(seenIn({ keys: false }), [], now).filter(({ object }) => object.kind === 'Secret')

  expect(wanted).toHaveLength(1)
  expect(wanted[0]).toMatchObject({
    how: 'create',
    object: {
      immutable: true,
      metadata: {
        name: 'keys.clinic.ehr',
        namespace: 'hipaa-mcp-system',
        labels: { 'hipaa-mcp.dev/owner': 'clinic.ehr' },
      },
    },
  })
  expect(wanted[0]?.object.metadata.ownerReferences).toBeUndefined()
  expect(desired(seenIn({ keys: true }), [], now).some(({ object }) => object.kind === 'Secret')).toBe(false)
})

test('no two servers and no two keys are alike', () => {
  const keys = ['a', 'b'].flatMap((owner) =>
    Object.values(keysIn(keysSecret(owner) as unknown as Secret) ?? {}),
  )

  expect(new Set(keys).size).toBe(6)
  for (const key of keys) expect(Buffer.from(key, 'base64')).toHaveLength(32)
})

const whole = keysSecret('a')['data'] as Record<string, string>
const broken: { when: string; data: Record<string, string> | undefined }[] = [
  { when: 'no data', data: undefined },
  {
    when: 'a key is missing',
    data: { hashes: whole['hashes'] as string, patients: whole['patients'] as string },
  },
  { when: 'a key is short', data: { ...whole, seal: Buffer.alloc(16).toString('base64') } },
  { when: 'a key is empty', data: { ...whole, seal: '' } },
]
for (const { when, data } of broken)
  test(`a Secret that is not whole holds no keys: ${when}`, () => {
    const secret = { ...keysSecret('a'), ...(data === undefined ? { data: undefined } : { data }) }

    expect(keysIn(secret as unknown as Secret)).toBeUndefined()
  })
