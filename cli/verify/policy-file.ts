// The verifier's own policy file (C2SP tlog-policy): which log it is, and whose word is believed for it.

import { readFile } from 'node:fs/promises'
import { BadPolicy, parseWitnessPolicy, type WitnessPolicy } from '../../core/witness-policy.ts'
import { CannotError } from '../command.ts'

/** Rejects with `CannotError`, which says what to mend. */
export async function policyIn(path: string): Promise<WitnessPolicy> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new CannotError(`${path} cannot be read: --policy wants your own policy file`)
  })
  const policy = read(path, text)
  if (policy.logs.length === 0)
    throw new CannotError(
      `${path} pins no log: add the line  log VKEY  with the key that whoever runs the collector gave you`,
    )
  if (policy.quorum === 'none')
    throw new CannotError(
      `${path} asks for no witness: name at least one in its quorum line, or use --witness instead`,
    )
  return policy
}

function read(path: string, text: string): WitnessPolicy {
  try {
    return parseWitnessPolicy(text)
  } catch (error) {
    if (error instanceof BadPolicy) throw new CannotError(`${path}: ${error.message}`)
    throw error
  }
}
