// Loads the one adapter that is configured, and nothing of the others: a cloud's client is megabytes.

import type { KeyWrapper } from './key-wrapper.ts'
import type { KmsConfig } from './settings.ts'

type Loaders = { [K in KmsConfig['kind']]: (config: Extract<KmsConfig, { kind: K }>) => Promise<KeyWrapper> }

const loaders: Loaders = {
  pkcs11: async (config) => (await import('./pkcs11.ts')).pkcs11Wrapper(config),
  vault: async (config) => (await import('./vault.ts')).vaultWrapper(config),
  aws: async (config) => (await import('./aws.ts')).awsWrapper(config),
  file: async ({ path }) => (await import('./file.ts')).fileWrapper(path),
}

export async function openKms(config: KmsConfig): Promise<KeyWrapper> {
  // Sound: each loader stands under the kind that it takes.
  return await (loaders[config.kind] as (config: KmsConfig) => Promise<KeyWrapper>)(config)
}
