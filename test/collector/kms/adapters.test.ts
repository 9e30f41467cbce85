// The adapters against files and against stand-ins made to published APIs. The one for PKCS#11 has a real token, the one for
// Vault a real OpenBao as well: test/integration/collector-pkcs11.test.ts, collector-openbao.test.ts.

import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { awsWrapper } from '../../../collector/kms/aws.ts'
import { fileWrapper } from '../../../collector/kms/file.ts'
import { type KeyWrapper, KmsFailed } from '../../../collector/kms/key-wrapper.ts'
import { pkcs11Wrapper } from '../../../collector/kms/pkcs11.ts'
import { type VaultOptions, vaultWrapper } from '../../../collector/kms/vault.ts'
import { aFolder } from '../a-trail.ts'
import { aContext, keepsTheContract, type Scene } from './contract.ts'
import { anAwsKms, aVault, type Holder } from './holders.ts'

/** A key, as a line of the file. */
const line = (): string => `k${randomBytes(4).toString('hex')} ${randomBytes(32).toString('base64')}\n`

describe('a file', () => {
  keepsTheContract(async () => {
    const path = join(aFolder(), 'keys')
    writeFileSync(path, line())
    return {
      wrapper: fileWrapper(path),
      rotate: () => writeFileSync(path, line(), { flag: 'a' }),
      removeFirst: () => writeFileSync(path, readFileSync(path, 'utf8').split('\n').slice(1).join('\n')),
      away: () => renameSync(path, `${path}.away`),
      back: () => renameSync(`${path}.away`, path),
    }
  })
})

function aVaultWrapper(vault: Holder, more: Partial<VaultOptions> = {}): KeyWrapper {
  const tokenPath = join(aFolder(), 'token')
  writeFileSync(tokenPath, 's.token\n')
  return vaultWrapper({ url: vault.url, mount: 'transit', key: 'trail', tokenPath, timeoutMs: 2000, ...more })
}

const overHttp = (holder: Holder, wrapper: KeyWrapper): Scene => ({
  wrapper,
  rotate: holder.rotate,
  removeFirst: holder.removeFirst,
  away: holder.stop,
  back: holder.start,
})

describe('Vault transit', () => {
  keepsTheContract(async () => {
    const vault = await aVault()
    return overHttp(vault, aVaultWrapper(vault))
  })

  test('it asks as the API wants to be asked', async () => {
    const vault = await aVault()
    const wrapper = aVaultWrapper(vault, { namespace: 'clinic' })
    const dataKey = randomBytes(32)
    const { keyId, wrapped } = await wrapper.wrap(Buffer.from(dataKey), aContext())

    expect(keyId).toBe('vault:transit/trail:v1')
    expect(wrapped.toString()).toMatch(/^vault:v1:/)
    expect(vault.asked).toMatchObject([
      {
        path: '/v1/transit/encrypt/trail',
        headers: { 'x-vault-token': 's.token', 'x-vault-request': 'true', 'x-vault-namespace': 'clinic' },
        body: {
          plaintext: dataKey.toString('base64'),
          associated_data: Buffer.from(JSON.stringify(aContext())).toString('base64'),
        },
      },
    ])
  })

  test.each([
    ['a token that it does not know', 403, { errors: ['permission denied'] }, 'kms-refuses'],
    ['no such key', 404, { errors: [] }, 'kms-key-missing'],
    ['a key that was deleted', 400, { errors: ['encryption key not found'] }, 'kms-key-missing'],
    ['a key that takes no associated data', 400, { errors: ['not supported'] }, 'kms-key-unfit'],
    ['a Vault that is sealed', 503, { errors: ['Vault is sealed'] }, 'kms-away'],
    ['an answer without data', 200, { data: null }, 'kms-answer-wrong'],
    ['a ciphertext that is none', 200, { data: { ciphertext: 'x' } }, 'kms-answer-wrong'],
  ])('%s is told apart', async (_, status, body, reason) => {
    const vault = await aVault()
    vault.instead = { status, body }

    await expect(aVaultWrapper(vault).wrap(randomBytes(32), aContext())).rejects.toMatchObject({ reason })
  })

  test('one that hangs is one that is away', async () => {
    const vault = await aVault()
    vault.instead = 'hang'

    await expect(
      aVaultWrapper(vault, { timeoutMs: 200 }).wrap(randomBytes(32), aContext()),
    ).rejects.toMatchObject({ reason: 'kms-away' })
  })

  test('a token that was renewed is read anew, and one that is not there is said', async () => {
    const vault = await aVault('s.new')
    const tokenPath = join(aFolder(), 'token')
    const wrapper = aVaultWrapper(vault, { tokenPath })
    await expect(wrapper.health()).rejects.toMatchObject({ reason: 'kms-refuses' })
    writeFileSync(tokenPath, 's.old')
    await expect(wrapper.health()).rejects.toMatchObject({ reason: 'kms-refuses' })
    writeFileSync(tokenPath, 's.new')

    expect(await wrapper.health()).toBe('vault:transit/trail:v1')
  })
})

async function anAwsScene(
  arn = 'arn:aws:kms:us-east-1:111122223333:alias/trail',
): Promise<Scene & { kms: Holder }> {
  const kms = await anAwsKms()
  for (const [name, value] of Object.entries({
    AWS_ENDPOINT_URL_KMS: kms.url,
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'not-a-secret',
    AWS_EC2_METADATA_DISABLED: 'true',
  }))
    vi.stubEnv(name, value)
  onTestFinished(() => void vi.unstubAllEnvs())
  return { kms, ...overHttp(kms, awsWrapper({ arn, timeoutMs: 2000 })) }
}

describe('AWS KMS', () => {
  keepsTheContract(anAwsScene)

  test('it asks as the API wants to be asked, and remembers the key behind an alias', async () => {
    const { kms, wrapper } = await anAwsScene()
    const { keyId } = await wrapper.wrap(randomBytes(32), aContext())

    expect(keyId).toMatch(/^arn:aws:kms:us-east-1:111122223333:key\//)
    expect(kms.asked).toMatchObject([
      {
        headers: { 'x-amz-target': 'TrentService.Encrypt' },
        body: { KeyId: 'arn:aws:kms:us-east-1:111122223333:alias/trail', EncryptionContext: aContext() },
      },
    ])
  })

  test.each([
    ['AccessDeniedException', 'kms-refuses'],
    ['NotFoundException', 'kms-key-missing'],
    ['DisabledException', 'kms-key-missing'],
    ['KMSInvalidStateException', 'kms-key-missing'],
    ['InvalidKeyUsageException', 'kms-key-unfit'],
    ['KMSInternalException', 'kms-away'],
  ])('%s is told apart', async (type, reason) => {
    const { kms, wrapper } = await anAwsScene()
    kms.instead = { status: 400, body: { __type: type, message: 'said there' } }

    const failed = await wrapper.wrap(randomBytes(32), aContext()).catch((error: unknown) => error)

    expect(failed).toBeInstanceOf(KmsFailed)
    expect(failed).toMatchObject({ reason })
    expect((failed as Error).message).not.toContain('said there')
  })

  test('one that hangs is one that is away', async () => {
    const { kms, wrapper } = await anAwsScene()
    kms.instead = 'hang'

    await expect(wrapper.wrap(randomBytes(32), aContext())).rejects.toMatchObject({ reason: 'kms-away' })
  })
})

test.each(['pkcs11:token=t;object=%zz;id=%01', 'pkcs11:token=t;object=%', 'k1', ''])(
  'a segment that names the key %s names none of a token, and no process is started for it',
  async (keyId) => {
    const nowhere = { module: '/nonexistent', token: 't', object: 'k', pinPath: '/nonexistent' }

    await expect(
      pkcs11Wrapper(nowhere).unwrap({ keyId, wrapped: Buffer.alloc(48) }, aContext()),
    ).rejects.toMatchObject({ reason: 'kms-key-missing' })
  },
)
