// Reading what the installer stated on the node.

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { codeOf } from '../../core/log.ts'
import { CniError } from './protocol.ts'

/** `programs`: the folder of a version. `name`: one of hostFiles. Throws CniError of that code. */
export function fileIn(programs: string, name: string, code: number): unknown {
  const asked = 'does the DaemonSet hipaa-mcp-cni run on this node?'
  let text: string
  try {
    text = readFileSync(join(dirname(programs), name), 'utf8')
  } catch (error) {
    throw new CniError(code, `${name} of the node cannot be read (${codeOf(error)}): ${asked}`)
  }
  try {
    return JSON.parse(text) as unknown
  } catch {
    // Not the words of JSON.parse: they quote the file, one holds a token, and this becomes an Event.
    throw new CniError(code, `${name} of the node is no JSON: ${asked}`)
  }
}
