// The keys of one server's patients, as their holder keeps them: the Secret that the operator made, saved to a file. They
// never stand on a command line, and a file that others can read is not taken.

import { createSecretKey } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { isObject } from '../../core/is-object.ts'
import type { PatientKeys } from '../../core/patient-seal.ts'
import { CannotError } from '../command.ts'

/** Reads `kubectl get secret keys.NAMESPACE.NAME -o json`. Rejects with `CannotError`, which says nothing of what it holds. */
export async function keysFrom(file: string): Promise<PatientKeys> {
  await isOwn(file, '--key', 'every patient')
  const data = dataIn(await readFile(file, 'utf8'))
  const [patients, seal] = ['patients', 'seal'].map((name) => Buffer.from(String(data?.[name]), 'base64'))
  if (patients?.length !== 32 || seal?.length !== 32)
    throw new CannotError(
      `${file} is no Secret with the keys of a server: kubectl get secret keys.NAMESPACE.NAME -n hipaa-mcp-system -o json`,
    )
  return { patients: createSecretKey(patients), seal: createSecretKey(seal) }
}

/** Rejects with `CannotError` when the file is not there, or others can read it, `and with it` what it opens. */
export async function isOwn(file: string, option: string, andWithIt: string): Promise<void> {
  const found = await stat(file).catch(() => undefined)
  if (found === undefined) throw new CannotError(`${file} cannot be read: check the name after ${option}`)
  // Windows has no such modes, and gives 0o666 for everything.
  if (process.platform !== 'win32' && (found.mode & 0o077) !== 0)
    throw new CannotError(`Others can read ${file}, and with it ${andWithIt}: chmod 600 ${file}`)
}

function dataIn(text: string): { [name: string]: unknown } | undefined {
  try {
    const secret: unknown = JSON.parse(text)
    const data = isObject(secret) ? secret['data'] : undefined
    return isObject(data) ? data : undefined
  } catch {
    return undefined
  }
}
