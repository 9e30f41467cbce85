// AWS KMS by the official client, with the context as its encryption context. Credentials and the endpoint are the
// client's own business: IRSA, Pod Identity, AWS_ENDPOINT_URL_KMS.

import { DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { inTime, type KeyWrapper, KmsFailed, type KmsReason, roundTrip } from './key-wrapper.ts'

export type AwsOptions = {
  /** ARN of the key or of an alias. */
  arn: string
  timeoutMs?: number
}

/** Names of the API's errors. Any other is a network's, or a fault on their side. */
const reasonOfError: { [name: string]: KmsReason } = {
  AccessDeniedException: 'kms-refuses',
  CredentialsProviderError: 'kms-refuses',
  UnrecognizedClientException: 'kms-refuses',
  InvalidSignatureException: 'kms-refuses',
  ExpiredTokenException: 'kms-refuses',
  NotFoundException: 'kms-key-missing',
  DisabledException: 'kms-key-missing',
  KMSInvalidStateException: 'kms-key-missing',
  InvalidKeyUsageException: 'kms-key-unfit',
  InvalidCiphertextException: 'kms-cannot-open',
  IncorrectKeyException: 'kms-cannot-open',
}

export function awsWrapper({ arn, timeoutMs = 5000 }: AwsOptions): KeyWrapper {
  const region = arn.split(':')[3] as string
  const client = new KMSClient({ region, maxAttempts: 2 })

  const send = async <T>(run: (abortSignal: AbortSignal) => Promise<T>): Promise<T> =>
    await inTime(timeoutMs, async (signal) => {
      try {
        return await run(signal)
      } catch (cause) {
        throw new KmsFailed(reasonOfError[(cause as Error).name] ?? 'kms-away', { cause })
      }
    })

  const wrapper: Omit<KeyWrapper, 'health'> = {
    async wrap(dataKey, context) {
      const command = new EncryptCommand({ KeyId: arn, Plaintext: dataKey, EncryptionContext: context })
      const { CiphertextBlob, KeyId } = await send(
        async (abortSignal) => await client.send(command, { abortSignal }),
      )
      if (CiphertextBlob === undefined || KeyId === undefined) throw new KmsFailed('kms-answer-wrong')
      // The key's own ARN, also where an alias was asked for: the alias may point elsewhere tomorrow.
      return { keyId: KeyId, wrapped: Buffer.from(CiphertextBlob) }
    },
    async unwrap({ keyId, wrapped }, context) {
      const command = new DecryptCommand({
        KeyId: keyId,
        CiphertextBlob: wrapped,
        EncryptionContext: context,
      })
      const { Plaintext } = await send(async (abortSignal) => await client.send(command, { abortSignal }))
      if (Plaintext?.length !== 32) throw new KmsFailed('kms-answer-wrong')
      return Buffer.from(Plaintext)
    },
    close: async () => client.destroy(),
  }
  return { ...wrapper, health: async () => await roundTrip(wrapper) }
}
