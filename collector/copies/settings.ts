// Where copies of records go: a file in YAML or JSON that the platform team mounts, a list of targets. Files that it names
// (CA, certificate, token) are read when they are used, so that one that is renewed counts.

import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { type CopyReport, copyForms } from '../../core/copies.ts'
import { isObject } from '../../core/is-object.ts'
import { among, type Check, holds, optional, type Shape } from '../../core/shape.ts'

export type CopyTarget = {
  /** Under which its place is kept, and which metrics show. */
  name: string
  as: CopyReport['as']
  /** `https://…`, whole. */
  url: string
  /** Paths of files: CA, trusted instead of the public ones, client certificate and its key, bearer token. */
  ca?: string
  certificate?: string
  key?: string
  bearer?: string
  /** `now`: a target that was never sent anything gets what is recorded from here on; the whole trail otherwise. */
  since?: 'now'
}

const path: Check = (value) => typeof value === 'string' && value.startsWith('/')
const address: Check = (value) =>
  typeof value === 'string' && URL.parse(value)?.protocol === 'https:' && URL.parse(value)?.username === ''
const name: Check = (value) => typeof value === 'string' && /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(value)

const rows: Shape<CopyTarget> = {
  name,
  as: among(...copyForms),
  url: address,
  ca: optional(path),
  certificate: optional(path),
  key: optional(path),
  bearer: optional(path),
  since: optional(among('now')),
}

const forms =
  'a list of targets, each with name (letters, digits, -), as (otlp or ocsf), url (https://…), and where needed ca, certificate with key, bearer (paths of files) and since: now'

/** What the file says. Throws words that hold nothing of it. */
export function readTargets(file: string): CopyTarget[] {
  let value: unknown
  try {
    value = parse(readFileSync(file, 'utf8'))
  } catch {
    throw new TypeError('it cannot be read')
  }
  if (!Array.isArray(value) || value.length === 0) throw new TypeError(`it must be ${forms}`)
  for (const [i, target] of value.entries())
    if (!isObject(target) || !holds(target, rows) || 'certificate' in target !== 'key' in target)
      throw new TypeError(`target ${i + 1} must be one of ${forms}`)
  const targets = value as CopyTarget[]
  if (new Set(targets.map((target) => target.name)).size < targets.length)
    throw new TypeError('two targets have one name')
  return targets
}
