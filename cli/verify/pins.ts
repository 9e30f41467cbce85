// What a verifier brings along of their own, for every command that reads a trail: without any of it a trail shows at most that it
// agrees with itself.

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type NoteKey, vkey } from '../../core/checkpoint.ts'
import { type Option, serverOf, textOf, type Values } from '../command.ts'
import { earlierIn } from './earlier.ts'
import type { Report, Wanted } from './export-check.ts'
import { ownKey } from './own-key.ts'
import { policyIn } from './policy-file.ts'

export const pinOptions: { readonly [name in 'server' | 'policy' | 'witness' | 'earlier']: Option } = {
  server: { value: 'NAMESPACE/NAME', help: 'Demand that it is the trail of this server' },
  policy: { value: 'FILE', help: 'Your own policy file: the log’s key, witnesses outside, their quorum' },
  witness: {
    value: 'VKEY',
    help: 'Verifier key of the witness, or @FILE, from a source other than the export',
  },
  earlier: { value: 'PATH', help: 'Checkpoint or export kept from before: the trail must go on from it' },
}

/** The key of `--witness`. Rejects with `UsageError` for any other text, or `CannotError` where there is no such file. */
export async function witnessOf(values: Values): Promise<NoteKey | undefined> {
  const text = textOf(values, 'witness')
  return text === undefined ? undefined : await ownKey(text, 'cosignature', '--witness')
}

/** Reads those options. Rejects with `UsageError` or `CannotError`. */
export async function pinsOf(
  values: Values,
): Promise<Pick<Wanted, 'server' | 'witness' | 'policy' | 'earlier'>> {
  const [server, trusted, kept] = ['server', 'policy', 'earlier'].map((name) => textOf(values, name))
  if (server !== undefined) serverOf(server)
  const witness = await witnessOf(values)
  const policy = trusted === undefined ? undefined : await policyIn(trusted)
  const earlier = kept === undefined ? undefined : await earlierIn(kept)
  return {
    ...(server === undefined ? {} : { server }),
    ...(witness === undefined ? {} : { witness: vkey(witness) }),
    ...(policy === undefined ? {} : { policy }),
    ...(earlier === undefined ? {} : { earlier }),
  }
}

/** Tells one set of pins from another, by what `pinsOf` read; undefined for none. Two policy files of one text are the same. */
export async function nameOfPins(
  values: Values,
  { witness }: Pick<Wanted, 'witness'>,
): Promise<string | undefined> {
  const [trusted, kept] = ['policy', 'earlier'].map((name) => textOf(values, name))
  if (witness === undefined && trusted === undefined && kept === undefined) return undefined
  const policy = trusted === undefined ? '' : await readFile(trusted, 'utf8').catch(() => '')
  return createHash('sha256')
    .update(JSON.stringify([witness ?? '', policy, kept ?? '']))
    .digest('hex')
}

/** Whether a report counts for anything: nothing was found, and not every key came out of the export itself. */
export function isProved(report: Report): boolean {
  return report.ok && report.pinned !== 'nothing'
}

/** Up to when a trail is vouched for, RFC 3339; undefined when it is not. */
export function witnessedAt({ registry, outside }: Report): string | undefined {
  const time = outside?.time ?? registry.witnessed
  return time === undefined ? undefined : new Date(time * 1000).toISOString()
}
