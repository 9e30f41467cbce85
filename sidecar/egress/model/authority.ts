// The one authority of this pod: made when it is first needed, for most pods never need it; where admission mounted a folder for
// it, made before any container of the app starts, and told there.

import { createPrivateKey, createPublicKey } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { newKey, type OwnKey, pemOf } from '../../../core/csr.ts'
import { type PodAuthority, podAuthority } from './certificates.ts'
import { writeTrust } from './trust.ts'

let authority: PodAuthority | undefined

export function authorityOfPod(): PodAuthority {
  return (authority ??= podAuthority())
}

/**
 * Makes the authority and writes its certificate into `folder`, from where containers of the app read it, never its key.
 * `keyFile` stands in memory that is the sidecar's alone and outlives its process: an app that runs on trusts the next
 * process too. Throws when a file cannot be written.
 */
export function tellTrust(folder: string, keyFile: string): void {
  authority = podAuthority(Date.now(), keyIn(keyFile))
  writeTrust(folder, authority.certificate)
}

function keyIn(file: string): OwnKey {
  if (existsSync(file)) {
    try {
      const privateKey = createPrivateKey(readFileSync(file))
      return { privateKey, publicKey: createPublicKey(privateKey) }
    } catch {
      // The process before ended while it wrote: no container of the app has seen a certificate of that key.
    }
  }
  const key = newKey()
  writeFileSync(file, pemOf(key), { mode: 0o600 })
  return key
}
