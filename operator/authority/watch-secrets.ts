// Whether the Secrets of the CAs still hold what this replica loaded when it began. It goes on with what it holds; the next one
// that begins would make another CA, which nothing in the field trusts, and nobody would have been told.

import { systemNamespace } from '../../core/identifiers.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import type { Client } from '../cluster/client.ts'
import { kinds } from '../cluster/kinds.ts'
import { codeOf, idOf, type Log } from '../log.ts'
import { type Repeating, repeating } from '../repeating.ts'

type Standing = 'held' | 'missing' | 'other'

/** What each standing asks for. The keys in memory are not for export: no replica can write a Secret again. */
const says = {
  missing:
    'The Secret of a CA is gone: restore it from a backup before any pod of the operator begins anew, which would make another CA',
  other:
    'The Secret of a CA holds another one than this replica has: restore it from a backup, or restart operator, collector and every guarded pod',
} as const satisfies { [standing in Exclude<Standing, 'held'>]: string }

export type WatchSecretsOptions = {
  client: Pick<Client, 'get'>
  /** PEM of the certificate, by the Secret's name. */
  loaded: { readonly [name: string]: string }
  log: Log
  /** Milliseconds between two looks. */
  every?: number
}

export type WatchedSecrets = Repeating & {
  /** At the last look that was answered; as loaded before the first. */
  held(): { name: string; held: boolean }[]
}

/** Looks, and writes nothing. A change is logged once; what the API server does not answer changes nothing. */
export function watchSecrets({ client, loaded, log, every = 60_000 }: WatchSecretsOptions): WatchedSecrets {
  const unread = new Set<string>()
  const seen = new Map<string, Standing>(Object.keys(loaded).map((name) => [name, 'held']))

  async function look(name: string, pem: string): Promise<void> {
    try {
      const stored = await client.get<KubernetesObject>(kinds.secret, systemNamespace, name)
      unread.delete(name)
      const standing = stored === undefined ? 'missing' : holds(stored, pem) ? 'held' : 'other'
      if (standing === seen.get(name)) return
      seen.set(name, standing)
      if (standing === 'held') log.info('The Secret of a CA is as it was', { name: idOf(name) })
      else log.error(says[standing], { name: idOf(name) })
    } catch (error) {
      if (!unread.has(name))
        log.warn('The Secret of a CA could not be read', { name: idOf(name), error: codeOf(error) })
      unread.add(name)
    }
  }

  const looking = repeating(async () => {
    await Promise.all(Object.entries(loaded).map(async ([name, pem]) => await look(name, pem)))
  }, every)
  return { ...looking, held: () => [...seen].map(([name, is]) => ({ name, held: is === 'held' })) }
}

/** The certificate tells: a key without it, or with another, is another CA. */
function holds(stored: KubernetesObject, pem: string): boolean {
  const data = (stored['data'] ?? {}) as { [key: string]: string | undefined }
  const certificate = Buffer.from(data['tls.crt'] ?? '', 'base64').toString('utf8')
  return certificate.trim() === pem.trim() && (data['tls.key'] ?? '') !== ''
}
