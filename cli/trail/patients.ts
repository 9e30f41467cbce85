// Patients of a trail, found and named by a holder of the key; by their tokens alone for everybody else.

import type { Named, Naming } from '../../core/export/told.ts'
import { openPatient, type PatientKeys, tokenOf } from '../../core/patient-seal.ts'
import { CannotError, UsageError } from '../command.ts'
import { textOrFile } from '../lines.ts'

/** Names patients of `server`. Without a key they keep their tokens. */
export function namer(server: string, keys: PatientKeys | undefined): Naming {
  if (keys === undefined) return ({ token }) => ({ token })
  // One person is named many times, and opening is the dear part.
  const known = new Map<string, string>()
  return ({ token, sealed }) => {
    let patient = known.get(token)
    if (patient === undefined) {
      patient = opened(sealed, keys, server)
      if (known.size >= 100_000) known.clear()
      known.set(token, patient)
    }
    return { token, patient }
  }
}

function opened(sealed: string, keys: PatientKeys, server: string): string {
  try {
    return openPatient(sealed, keys.seal, server)
  } catch (cause) {
    throw new CannotError(`The key opens no patient of ${server}: give the Secret of that server`, { cause })
  }
}

const tokenForm = /^token:([A-Za-z0-9_-]{43})$/

/**
 * Tokens of the identifiers in `text`: one, or those in a file as `@FILE`, one a line. Whoever has no key may give a token,
 * `token:…`, as it is printed.
 */
export async function tokensOf(
  text: string,
  server: string,
  keys: PatientKeys | undefined,
): Promise<Set<string>> {
  const wanted = (await textOrFile(text))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (wanted.length === 0) throw new UsageError('--patient wants an identifier, or @FILE with one a line')
  return new Set(
    wanted.map((patient) => {
      const token = tokenForm.exec(patient)?.[1]
      if (token !== undefined) return token
      if (keys === undefined)
        throw new UsageError('--patient wants --key as well: the trail holds no identifier in the clear')
      return tokenOf(patient, keys.patients, server)
    }),
  )
}

/** How a patient stands in a line for people. */
export function shownPatient({ token, patient }: Named): string {
  return patient ?? `token:${token}`
}
