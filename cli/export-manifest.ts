// Reads what an exported folder says of itself. Nobody signed it: what it names is looked up, and never believed.

import { join } from 'node:path'
import { CannotError } from './command.ts'
import { type Manifest, manifestSchema } from './export-layout.ts'
import { plainFile } from './plain-file.ts'

/** Rejects with `CannotError` where there is no export of this version. */
export async function manifestIn(folder: string): Promise<Manifest> {
  const text = (await plainFile(join(folder, 'manifest.json')))?.toString('utf8')
  if (text === undefined)
    throw new CannotError(
      `There is no export in ${folder}: manifest.json is missing. Make one with: hipaa-mcp trail export`,
    )
  try {
    const manifest = JSON.parse(text) as Manifest
    if (manifest.schema !== manifestSchema || !/^[^/]+\/[^/]+$/.test(manifest.server))
      throw new TypeError('schema')
    return manifest
  } catch {
    throw new CannotError('manifest.json is not that of an export of this version')
  }
}
