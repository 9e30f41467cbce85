// Arguments that let more through than they say, and schemas that hold somebody's identifiers.

import { survey } from '../redaction/survey.ts'
import { redactText } from '../redaction/text.ts'
import { words } from '../words.ts'
import { at, type Found, type ServerRule, type Spec, some } from './finding.ts'
import { toolsOf } from './parts.ts'
import { allows, type Schema, schemaPlaces } from './schema-places.ts'

/** Arguments in which callers write what is done, and not to what. */
const powerful =
  /^(?:q|query|sql|statement|search|search_?(?:text|term|string)|filter|where|expression|criteria|command|cmd|code|script|url|uri|href|endpoint|path|file|file_?(?:name|path)|dir(?:ectory)?|body|payload|fhir_?path|resource_?type|fields|columns|table|_?(?:include|revinclude|elements|summary))$/i

/** Keywords after which a string is no longer just any string. */
const bounds = ['enum', 'const', 'pattern', 'format']
const isFree = (schema: Schema): boolean =>
  allows(schema, 'string') && !('$ref' in schema) && bounds.every((keyword) => !(keyword in schema))

type Arguments = { schema: Schema; name: string; subject: string; place: string; subjectName: string }

/** Every schema below the arguments of a tool or prompt. */
function argumentsOf(spec: Spec): Arguments[] {
  const all = [
    ...spec.tools.map((tool, index) => ({ list: 'tools', index, ...tool })),
    ...(spec.prompts ?? []).map((prompt, index) => ({ list: 'prompts', index, ...prompt })),
  ]
  return all.flatMap(({ list, index, name: subjectName, arguments: root }) =>
    schemaPlaces(root).map(({ schema, place, name }) => ({
      schema,
      name,
      subjectName,
      subject: `${list}/${subjectName}`,
      place: `${at('spec', list, index, 'arguments')}${place}`,
    })),
  )
}

/**
 * Kinds of identifiers that a text holds, out of those that have a form of their own: a date or an address in a description
 * is rarely somebody's.
 */
function identifiersIn(text: string): string[] {
  const redacted: Record<string, number> = {}
  redactText(text, survey(), { text: 'Redact', dates: 'Year' }, { redacted, dropped: {} })
  return Object.keys(redacted).filter((kind) => strong.has(kind))
}
const strong = words('ssn mrn phone fax email account plan')

/** What a schema says as values, each with its keyword. */
function valuesOf(schema: Schema): { keyword: string; value: unknown }[] {
  const lists = ['enum', 'examples'].flatMap((keyword) => {
    const list = schema[keyword]
    return Array.isArray(list) ? list.map((value: unknown) => ({ keyword, value })) : []
  })
  const ones = ['const', 'default', 'pattern'].flatMap((keyword) =>
    keyword in schema ? [{ keyword, value: schema[keyword] }] : [],
  )
  return [...lists, ...ones]
}

/** Two words or three that begin large, and nothing else: what a list of patients looks like. */
const looksLikePerson = (value: unknown): boolean =>
  typeof value === 'string' && /^\p{Lu}\p{Ll}+(?:[ -]\p{Lu}\p{Ll}*\.?)?,? \p{Lu}\p{Ll}+$/u.test(value)

export const argumentRules: readonly ServerRule[] = [
  {
    id: 'open-argument',
    severity: 'warning',
    control: 'minimumNecessary',
    about: 'An argument such as query, sql, filter, url or path that takes any text.',
    why: 'Who writes the query, the address or the path decides what is asked for, whatever the tool is called.',
    find: ({ spec }) =>
      argumentsOf(spec)
        .filter(({ name, schema }) => powerful.test(name) && isFree(schema))
        .map(({ name, subject, place, subjectName }) => ({
          place,
          subject,
          found: `argument ${name} of ${subjectName} takes any text`,
          write: `${name} in with: as a constant, or an enum of what may be asked: ${name}: {enum: [active, resolved]}`,
        })),
  },
  {
    id: 'open-schema',
    severity: 'warning',
    control: 'minimumNecessary',
    about:
      'Arguments that may have members beyond the schema: additionalProperties or unevaluatedProperties true, or a schema of its own.',
    why: 'An argument that nobody named reaches the server, which may take it for a wider question.',
    find: ({ spec }) =>
      argumentsOf(spec).flatMap(({ schema, subject, place, subjectName }): Found[] =>
        ['additionalProperties', 'unevaluatedProperties']
          .filter((keyword) => ![undefined, false].includes(schema[keyword] as undefined))
          .map((keyword) => ({
            place: `${place}${at(keyword)}`,
            subject,
            found: `${subjectName} takes arguments that its schema does not name`,
            write: `no ${keyword}: schemas are closed by default; name each argument under properties`,
          })),
      ),
  },
  {
    id: 'any-text-argument',
    severity: 'note',
    control: 'minimumNecessary',
    about: 'An argument that takes text of any form.',
    why: 'A form (pattern, format, enum) keeps sentences and names of people out of the arguments.',
    find: ({ spec }) =>
      argumentsOf(spec)
        .filter(
          ({ name, schema }) =>
            name !== '' && !powerful.test(name) && schema['type'] === 'string' && isFree(schema),
        )
        .map(({ name, subject, place, subjectName }) => ({
          place,
          subject,
          found: `argument ${name} of ${subjectName} takes text of any form`,
          write: `${name}: {type: string, pattern: "^[A-Za-z0-9.-]{1,64}$"}`,
        })),
  },
  {
    id: 'identifier-in-schema',
    severity: 'error',
    control: 'transmission',
    about:
      'An enum, const, default, example or pattern of an argument, or a constant in with, that holds an SSN, MRN, phone number or e-mail address.',
    why: 'Lists show schemas to every caller and model, vendors keep them compiled for hours, and no redaction looks into them.',
    find: ({ spec }) => [
      ...argumentsOf(spec).flatMap(({ schema, subject, place, name, subjectName }) =>
        valuesOf(schema).flatMap(({ keyword, value }): Found[] => {
          const kinds = identifiersIn(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
          return kinds.length === 0
            ? []
            : [
                {
                  place: `${place}${at(keyword)}`,
                  subject,
                  found: `${keyword} of argument ${name || 'arguments'} of ${subjectName} holds what looks like: ${some(kinds)}`,
                  write: 'a made-up value without the form of an identifier, or a pattern that describes it',
                },
              ]
        }),
      ),
      ...toolsOf(spec).flatMap(({ tool, subject, place }) => {
        const kinds = identifiersIn(JSON.stringify(tool.with ?? {}))
        return kinds.length === 0
          ? []
          : [
              {
                place: `${place}/with`,
                subject,
                found: `with of tool ${tool.name} holds what looks like: ${some(kinds)}`,
                write:
                  'an argument that the caller gives: a constant stands in the cluster’s objects for all to read',
              },
            ]
      }),
    ],
  },
  {
    id: 'person-in-schema',
    severity: 'warning',
    control: 'transmission',
    about: 'An enum, const, default or example whose values look like names of people.',
    why: 'Lists show schemas to every caller and model, and no redaction looks into them.',
    find: ({ spec }) =>
      argumentsOf(spec).flatMap(({ schema, subject, place, name, subjectName }) => {
        const keywords = new Set(
          valuesOf(schema)
            .filter(({ value }) => looksLikePerson(value))
            .map(({ keyword }) => keyword),
        )
        return [...keywords].map((keyword) => ({
          place: `${place}${at(keyword)}`,
          subject,
          found: `${keyword} of argument ${name || 'arguments'} of ${subjectName} holds what looks like a person’s name`,
          write: `${name || 'it'} as an identifier: {type: string, pattern: "^[A-Za-z0-9.-]{1,64}$"}`,
        }))
      }),
  },
  {
    id: 'identifier-in-description',
    severity: 'warning',
    control: 'transmission',
    about:
      'A description of a tool, resource, prompt or argument that holds an SSN, MRN, phone number or e-mail address.',
    why: 'Lists show descriptions to every caller and model.',
    find: ({ spec }) => [
      ...(['tools', 'resources', 'prompts'] as const).flatMap((list) =>
        (spec[list] ?? []).flatMap(({ name, description }, index) =>
          told(
            description,
            `description of ${name}`,
            `${list}/${name}`,
            at('spec', list, index, 'description'),
          ),
        ),
      ),
      ...argumentsOf(spec).flatMap(({ schema, subject, place, name, subjectName }) =>
        ['title', 'description'].flatMap((keyword) =>
          told(
            schema[keyword],
            `${keyword} of argument ${name || 'arguments'} of ${subjectName}`,
            subject,
            `${place}${at(keyword)}`,
          ),
        ),
      ),
    ],
  },
]

function told(text: unknown, what: string, subject: string, place: string): Found[] {
  if (typeof text !== 'string') return []
  const kinds = identifiersIn(text)
  return kinds.length === 0
    ? []
    : [
        {
          place,
          subject,
          found: `the ${what} holds what looks like: ${some(kinds)}`,
          write: 'it without the number or address',
        },
      ]
}
