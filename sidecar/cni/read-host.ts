// Reading what the installer stated on the node.

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CniError } from './protocol.ts'

/** `programs`: the folder of a version. `name`: one of hostFiles. Throws CniError of that code. */
export function fileIn(programs: string, name: string, code: number): unknown {
  try {
    return JSON.parse(readFileSync(join(dirname(programs), name), 'utf8')) as unknown
  } catch (error) {
    throw new CniError(
      code,
      `${name} of the node cannot be read (${wordsOf(error)}): does the DaemonSet hipaa-mcp-cni run on this node?`,
    )
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
