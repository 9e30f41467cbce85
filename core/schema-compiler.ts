// The compiler of JSON Schema 2020-12, for arguments and results: strict, alone, and with nothing in it that could take longer than
// linear time. Patterns run on RE2, whatever they and the value are.

import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { RE2JS } from 're2js'
import { schemaOfSchemas } from './arguments/dialect.ts'
import { isSearch, searchFormat, searchIssue, searchKeyword } from './arguments/fhir-search.ts'
import { formats as ownFormats } from './arguments/formats.ts'
import { validate } from './arguments/schema-of-schemas.generated.ts'
import type { Json } from './canonical.ts'
import { mendUnevaluated } from './unevaluated.ts'

/** Formats whose checks take linear time, besides our own (arguments/formats.ts). A schema with another one does not compile. */
const knownFormats = ['date', 'time', 'date-time', 'duration', 'uuid', 'email', 'ipv4', 'uri'] as const

/** How a schema may say that it is of this dialect. An empty name says nothing, as in ajv. */
const dialects: ReadonlySet<string> = new Set(['', schemaOfSchemas, `${schemaOfSchemas}#`])

/** Throws TypeError, in ajv's words, for what is no JSON Schema. */
export function demandSchema(schema: { readonly [keyword: string]: Json }): void {
  const { $schema = '' } = schema
  if (typeof $schema !== 'string') throw new TypeError('$schema must be a string')
  if (!dialects.has($schema)) throw new TypeError(`no schema with key or ref ${JSON.stringify($schema)}`)
  if (validate(schema)) return
  const errors = (validate.errors ?? []).map(({ instancePath, message }) => `data${instancePath} ${message}`)
  throw new TypeError(`schema is invalid: ${errors.join(', ')}`)
}

/** Making a compiler takes longer than most tools' schemas, and each keeps what it compiled: it serves so many, and goes. */
const servesSchemas = 64
let shared: { readonly compiler: Ajv2020; served: number } | undefined

/** Keywords that give a schema a name which others could refer to, or that look for one beyond its own. */
const naming = /"\$(?:id|anchor|dynamicAnchor|dynamicRef|recursiveAnchor|recursiveRef)"/

/** A schema that has names is alone with its compiler: it refers to no other, and no other to it. */
export function compilerOf(schema: { readonly [keyword: string]: Json }): Ajv2020 {
  if (naming.test(JSON.stringify(schema))) return ajv()
  if (shared === undefined || shared.served >= servesSchemas) shared = { compiler: ajv(), served: 0 }
  shared.served += 1
  return shared.compiler
}

function ajv(): Ajv2020 {
  const made = new Ajv2020({
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allErrors: false,
    logger: false,
    code: { regExp: Object.assign((pattern: string) => linear(pattern), { code: 'linear' }) },
    // It never sees the schema of schemas: a reference to it would be one to a schema that nobody closed.
    meta: false,
    validateSchema: false,
  })
  // ajv resolves references to anchors, but does not count the keyword among those it knows; the other is MCP's.
  made.addVocabulary(['$anchor', 'x-mcp-header'])
  mendUnevaluated(made)
  formats.default(made, [...knownFormats])
  for (const [name, { test }] of Object.entries(ownFormats)) made.addFormat(name, test)
  // Its keyword judges it, and knows the names.
  made.addFormat(searchFormat, true)
  made.addKeyword({ keyword: searchKeyword, errors: false, compile: searchOf })
  return made
}

/** What the keyword of a FHIR search says of a value. Throws TypeError where the keyword is not as it must be. */
function searchOf(
  named: unknown,
  parent: { readonly [keyword: string]: unknown },
): (value: unknown) => boolean {
  const issue = searchIssue(parent)
  if (issue !== undefined) throw new TypeError(issue)
  const names = new Set<string>(Array.isArray(named) ? (named as string[]) : [])
  return (value) => typeof value !== 'string' || isSearch(value, names)
}

/** ajv tells patterns apart by toString; two that looked alike would be one, and one of them would not be checked. */
function linear(pattern: string): { test(text: string): boolean; toString(): string } {
  const expression = RE2JS.compile(pattern)
  return { test: (text) => expression.test(text), toString: () => pattern }
}
