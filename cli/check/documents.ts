// The objects of ours in files, folders and standard input: YAML or JSON, several documents a file, lists.

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Document, LineCounter, parseAllDocuments, type ScalarTag } from 'yaml'
import { group } from '../../core/identifiers.ts'
import { isObject } from '../../core/is-object.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import { at } from '../../core/lint/finding.ts'
import { CannotError } from '../command.ts'
import { textFrom } from '../lines.ts'
import { type Position, positionOf } from './place.ts'

/** An object and the file that it stands in. */
export type Source = {
  file: string
  object: KubernetesObject
  /** Where a JSON Pointer from the object's root leads in the file. */
  position: (pointer: string) => Position
}
/** A file that is no YAML, or more of it than can be read. */
type Broken = Position & { file: string; says: string }
export type Read = { sources: Source[]; broken: Broken[] }

/** Reads every operand. Rejects with `CannotError` for one that is not there. */
export async function read(operands: readonly string[]): Promise<Read> {
  const all: Read = { sources: [], broken: [] }
  for (const operand of operands)
    for (const { file, found } of await filesOf(operand)) {
      const text = await textFrom(file)
      // Folders hold templates and values of others, which need not even be YAML.
      if (found && !text.includes(`${group}/`)) continue
      const { sources, broken } = objectsIn(file === '-' ? '<stdin>' : file, text)
      all.sources.push(...sources)
      all.broken.push(...broken)
    }
  return all
}

/** `found`: in a folder, and not named by the person. */
async function filesOf(operand: string): Promise<{ file: string; found: boolean }[]> {
  if (operand === '-') return [{ file: operand, found: false }]
  const info = await stat(operand).catch(() => undefined)
  if (info === undefined)
    throw new CannotError(`${operand} is not there: check its name, or give - for standard input`)
  if (!info.isDirectory()) return [{ file: operand, found: false }]
  const entries = await readdir(operand, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/(^|\/)(node_modules|\.[^/.][^/]*)\//.test(path))
    .toSorted()
    .map((file) => ({ file, found: true }))
}

/** The objects of our group in a text. */
export function objectsIn(file: string, text: string): Read {
  const lineCounter = new LineCounter()
  const parsed = parseAllDocuments(text, {
    lineCounter,
    merge: true,
    customTags: (tags) => [...tags, wordsOfYaml11],
  })
  const documents: readonly Document[] = 'empty' in parsed ? [] : parsed
  const read: Read = { sources: [], broken: [] }
  for (const document of documents) {
    const [error] = document.errors
    if (error !== undefined) {
      const { line = 1, col = 1 } = error.linePos?.[0] ?? {}
      read.broken.push({ file, line, column: col, says: sentenceOf(error.message) })
      continue
    }
    const value = valueOf(document)
    if (value === undefined) {
      read.broken.push({ file, line: 1, column: 1, says: 'too many aliases, or one that leads nowhere' })
      continue
    }
    for (const { object, root } of ours(value, ''))
      read.sources.push({
        file,
        object,
        position: (pointer) => positionOf(document, lineCounter, `${root}${pointer}`),
      })
  }
  return read
}

/** kubectl reads these as YAML 1.1 does: `role: yes` is no text there. */
const wordsOfYaml11: ScalarTag = {
  tag: 'tag:yaml.org,2002:bool',
  default: true,
  test: /^(?:[yYnN]|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$/,
  resolve: (word) => /^(?:y|on$)/i.test(word),
}

/** The first line, without the picture of the place. */
function sentenceOf(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')
}

function valueOf(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 1000 }) as unknown
  } catch {
    return undefined
  }
}

function ours(value: unknown, root: string): { object: KubernetesObject; root: string }[] {
  if (!isObject(value)) return []
  const { apiVersion, kind, items } = value
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return []
  if (kind === 'List' && Array.isArray(items))
    return items.flatMap((item: unknown, index) => ours(item, `${root}${at('items', index)}`))
  return apiVersion.startsWith(`${group}/`) ? [{ object: value as KubernetesObject, root }] : []
}
