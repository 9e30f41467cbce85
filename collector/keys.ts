// The collector's own two keys: one signs the registry log, one cosigns as witness. Both live in the store, made once.

import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import type { NoteKey } from '../core/checkpoint.ts'
import { registryOrigin, witnessName } from '../core/wire.ts'
import type { Store } from './commit/commit.ts'

export type Keys = { registry: NoteKey; witness: NoteKey }

export async function loadKeys(store: Store): Promise<Keys> {
  return {
    registry: {
      name: registryOrigin,
      kind: 'ed25519',
      key: createPrivateKey(await store.key('registry', newKey)),
    },
    witness: {
      name: witnessName,
      kind: 'cosignature',
      key: createPrivateKey(await store.key('witness', newKey)),
    },
  }
}

function newKey(): string {
  return generateKeyPairSync('ed25519', { privateKeyEncoding: { type: 'pkcs8', format: 'pem' } }).privateKey
}
