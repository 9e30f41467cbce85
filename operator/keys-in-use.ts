// Which keys are in use, for the trail: another one than before is a rotation, and on record (45 CFR 164.312(a)(2)(iv)). What is
// told is which key it is, and nothing of what it is.

import { createHash, X509Certificate } from 'node:crypto'
import { type KeyInUse, mostKeys } from '../core/wire.ts'
import type { HipaaMcpServer } from '../crds/hipaamcpserver.generated.ts'
import type { CollectorClient } from './collector-client.ts'
import { keysIn } from './desired/keys.ts'
import { codeOf, type Log } from './log.ts'
import { keysOf } from './observe.ts'
import { type Repeating, repeating } from './repeating.ts'
import type { World } from './world.ts'

/** PEM of the two CAs. */
type Authorities = { own: string; clients: string }

/** Of the installation, and of each server that has its keys. */
export function keysInUse(world: Pick<World, 'servers' | 'keys'>, { own, clients }: Authorities): KeyInUse[] {
  return [
    { key: 'ca', id: fingerprint(own) },
    { key: 'client-ca', id: fingerprint(clients) },
    ...world.servers.all().flatMap((server) => ofServer(world, server)),
  ]
}

function ofServer(world: Pick<World, 'keys'>, { metadata, spec }: HipaaMcpServer): KeyInUse[] {
  const { namespace = '', name } = metadata
  const keys = keysIn(keysOf(world, namespace, name))
  if (keys === undefined) return []
  const whose = { namespace, server: name }
  return [
    { key: 'server', ...whose, id: keyIdOf(keys) },
    // Pseudonyms are made of that key and of this word: whoever writes another one rotates them all.
    { key: 'pseudonyms', ...whose, id: spec.redaction?.epoch ?? 'no epoch' },
  ]
}

/** 96 random bytes are not found by a part of their hash. */
function keyIdOf({ hashes, patients, seal }: { hashes: string; patients: string; seal: string }): string {
  const bytes = [hashes, patients, seal].map((key) => Buffer.from(key, 'base64'))
  return createHash('sha256').update(Buffer.concat(bytes)).digest('hex').slice(0, 32)
}

function fingerprint(pem: string): string {
  return new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase()
}

export type TellKeysOptions = {
  collector: Pick<CollectorClient, 'keys'>
  keys: () => readonly KeyInUse[]
  log: Log
  /** Milliseconds. */
  every?: number
}

/** Tells the collector which keys are in use, whenever that is not what it took last. */
export function tellKeys({ collector, keys, log, every = 5_000 }: TellKeysOptions): Repeating {
  let told = ''
  let away = false
  return repeating(async () => {
    const now = keys()
    const says = JSON.stringify(now)
    if (says === told) return
    try {
      for (let from = 0; from < now.length; from += mostKeys)
        await collector.keys(now.slice(from, from + mostKeys))
      told = says
      away = false
    } catch (error) {
      if (!away) log.warn('Which keys are in use is not on record yet', { error: codeOf(error) })
      away = true
    }
  }, every)
}
