// A certificate of our own for one of this process's ends, renewed before it is over. Key and certificate live in
// memory only: every replica has its own.

import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { type Authority, ecdsa, privateKeyPem } from './ca.ts'
import { issue, type Leaf } from './issue.ts'

/** PEM. `ca` is the authority that the other side must trust. */
type KeyAndCertificate = { key: string; cert: string; ca: string }

export type KeptCertificate = {
  current(): KeyAndCertificate
  /** Called after every renewal. Returns how to stop. */
  onChange(listener: (renewed: KeyAndCertificate) => void): () => void
  stop(): void
}

/** Issues at once and again, with a new key, at two thirds of each certificate's life. */
export async function keepCertificate(
  authority: Authority,
  leaf: Omit<Leaf, 'publicKey'>,
): Promise<KeptCertificate> {
  const listeners = new Set<(renewed: KeyAndCertificate) => void>()
  const make = async (): Promise<KeyAndCertificate> => {
    const keys = await crypto.subtle.generateKey(ecdsa, true, ['sign', 'verify'])
    const publicKey = await x509.PublicKey.create(keys.publicKey)
    const cert = await issue(authority, { ...leaf, publicKey }, Date.now())
    return { key: await privateKeyPem(keys.privateKey), cert, ca: authority.pem }
  }
  let current = await make()
  let timer: NodeJS.Timeout
  const renewIn = (milliseconds: number): void => {
    timer = setTimeout(() => {
      make().then(
        (renewed) => {
          current = renewed
          for (const listener of listeners) listener(renewed)
          renewIn(life)
        },
        // A third of its life is left: it goes on with the old one meanwhile.
        () => renewIn(Math.min(life, 10_000)),
      )
    }, milliseconds)
    timer.unref()
  }
  // setTimeout takes no more than 2^31 - 1 ms; sooner is fine.
  const life = Math.min((leaf.seconds * 1000 * 2) / 3, 2 ** 31 - 1)
  renewIn(life)
  return {
    current: () => current,
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    stop: () => clearTimeout(timer),
  }
}
