// What witnesses outside the cluster signed of the registry log, judged by the verifier's own policy file: no key is taken
// from the trail itself. They signed the log under another name than its own, over the same records (collector/witnesses).

import { type NoteKey, parseNote, rawPublicKey, verifyNote } from '../../core/checkpoint.ts'
import type { Hash, Tree } from '../../core/merkle.ts'
import { quorumTime, type WitnessPolicy } from '../../core/witness-policy.ts'

/** How far witnesses outside vouch for the registry log, and through it for every chain. */
export type Outside = {
  /** Records of the registry log that they signed; 0 where nothing is proved. */
  size: number
  /** Since when the quorum of the policy had signed, seconds since 1970. */
  time?: number
  /** Names in the policy file, of all who signed. */
  by: string[]
}

export class OutsideCheck {
  readonly #findings: string[] = []
  readonly #signed: { size: number; root: Hash; time: number; by: string[] } | undefined
  #holds = false

  /** `note`: as it was exported; `key`: the registry log's, as the trail has it. */
  constructor(policy: WitnessPolicy, note: string | undefined, key: NoteKey | undefined) {
    const read =
      note === undefined ? 'what witnesses outside signed of it is missing' : readNote(policy, note, key)
    if (typeof read === 'string') this.#findings.push(read)
    else this.#signed = read
  }

  /** To be called with the tree as it is, from the empty one on. */
  compare(tree: Tree): void {
    if (this.#signed?.size === tree.size) this.#holds = tree.root().equals(this.#signed.root)
  }

  /** What is proved, and what is wrong, a sentence each. */
  finish(records: number): { outside: Outside; findings: string[] } {
    const signed = this.#signed
    const nothing = { size: 0, by: [] }
    if (signed === undefined) return { outside: nothing, findings: this.#findings }
    const { size, time, by } = signed
    if (size > records)
      return {
        outside: nothing,
        findings: [`it has ${records} records, witnesses outside signed ${size}: it is truncated`],
      }
    if (!this.#holds)
      return {
        outside: nothing,
        findings: [`its first ${size} records are not those that witnesses outside signed: it was rewritten`],
      }
    const tail = size === records ? [] : [`no witness outside signed its records from ${size} on`]
    return { outside: { size, time, by }, findings: tail }
  }
}

/** What the note says and who signed it, or what is wrong with it. */
function readNote(
  policy: WitnessPolicy,
  note: string,
  key: NoteKey | undefined,
): { size: number; root: Hash; time: number; by: string[] } | string {
  const checkpoint = checkpointIn(note)
  if (checkpoint === undefined) return 'what witnesses outside signed of it is no checkpoint in a signed note'
  const pinned = policy.logs.find((log) => log.key.name === checkpoint.origin)
  if (pinned === undefined)
    return 'the policy pins no log of the name under which witnesses outside signed it'
  if (verifyNote(note, pinned.key) === undefined)
    return 'what witnesses outside signed is not signed by the key of the log that the policy pins'
  if (key === undefined || !rawPublicKey(key.key).equals(rawPublicKey(pinned.key.key)))
    return 'its key is not the one that the policy pins'
  const times = new Map(
    policy.witnesses.flatMap(({ name, key: witness }): [string, number][] => {
      const time = verifyNote(note, witness)?.time
      return time === undefined || time === 0 ? [] : [[name, time]]
    }),
  )
  const time = quorumTime(policy, times)
  const by = [...times.keys()]
  if (time === undefined)
    return by.length === 0
      ? 'none of the policy’s witnesses signed it'
      : `the policy’s quorum did not sign it: only ${by.join(', ')} did`
  return { size: checkpoint.size, root: checkpoint.root, time, by }
}

function checkpointIn(note: string): ReturnType<typeof parseNote>['checkpoint'] | undefined {
  try {
    return parseNote(note).checkpoint
  } catch {
    return undefined
  }
}
