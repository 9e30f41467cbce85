// The check of JSON Schema 2020-12's schema of schemas, compiled beforehand: a process that compiles it pays a tenth of a second
// for its first schema, and a guarded pod's app waits for that.

import { Ajv2020 } from 'ajv/dist/2020.js'
import standalone from 'ajv/dist/standalone/index.js'
import { schemaOfSchemas } from '../core/arguments/dialect.ts'

/** The rest of the file has no types. */
const type = '{ (schema: unknown): boolean; errors?: ErrorObject[] | null }'
const equal = 'ajv/dist/runtime/equal'

/** The text of a file that exports `validate`. */
export function schemaCheck(): string {
  const ajv = new Ajv2020({ strict: true, logger: false, code: { source: true, esm: true, lines: true } })
  const validate = ajv.getSchema(schemaOfSchemas)
  if (validate === undefined) throw new Error('ajv no longer brings the schema of schemas of 2020-12')
  const code = standalone
    .default(ajv, validate)
    .replace('"use strict";', '')
    .replace(/^export default .*$/m, '')
    .replace('export const validate =', `export const validate: ${type} =`)
    // Node gives a module of CommonJS whole, Vitest what it calls its default.
    .replaceAll(`require("${equal}").default`, '(equal.default ?? equal)')
  if (code.includes('require(')) throw new Error('ajv’s code wants another module of ajv: import it as well')
  return `// Made by test/generate.ts of ajv's own schemas. Do not edit.
// @ts-nocheck

import type { ErrorObject } from 'ajv/dist/2020.js'
import equal from '${equal}.js'

${code.trim()}
`
}
