// What OCSF's own schema finds wrong with an event.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'

const oracle = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../oracle/ocsf/ocsf-1.8.0.json'), 'utf8'),
) as { classes: { [uid: string]: object }; $defs: object }
// The schema names formats and JSON Schema words of its own, which say nothing of the form.
const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false })
const judges = new Map(
  Object.entries(oracle.classes).map(([uid, schema]) => [
    uid,
    ajv.compile({ ...schema, $defs: oracle.$defs }),
  ]),
)

export function wrong(event: { readonly [member: string]: unknown }): unknown[] {
  const judge = judges.get(String(event['class_uid']))
  if (judge === undefined) return ['there is no such class']
  judge(event)
  return judge.errors ?? []
}
