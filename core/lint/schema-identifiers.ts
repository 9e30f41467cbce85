// Schemas and descriptions that hold somebody's identifiers: every list shows them to every caller and model.

import { normalize } from '../text/normalize.ts'
import { readings } from '../text/prose.ts'
import { type RuleGroup, search } from '../text/search.ts'
import type { IdentifierType } from '../text/span.ts'
import { at, type Found, type ServerRule, some } from './finding.ts'
import { argumentsOf, toolsOf } from './parts.ts'
import type { Schema } from './schema-places.ts'

/**
 * Kinds of identifiers that a text holds, out of those that have a form of their own: a date or an address in a description
 * is rarely somebody's.
 */
function identifiersIn(text: string): string[] {
  // Not as prose: that would load dictionaries, for names.
  const types = search(normalize(text).text, undefined, readings.term, { groups: withForm }).map(
    ({ type }) => type,
  )
  return [...new Set(types)].filter((type) => numbers.has(type)).map(inWords)
}
const withForm: ReadonlySet<RuleGroup> = new Set(['forms', 'context'])
const numbers: ReadonlySet<IdentifierType> = new Set([
  'PHONE_NUMBER',
  'FAX_NUMBER',
  'EMAIL_ADDRESS',
  'SOCIAL_SECURITY_NUMBER',
  'MEDICAL_RECORD_NUMBER',
  'HEALTH_PLAN_BENEFICIARY_NUMBER',
  'ACCOUNT_NUMBER',
])
const inWords = (type: IdentifierType): string => type.toLowerCase().replaceAll('_', ' ')

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

export const schemaIdentifierRules: readonly ServerRule[] = [
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
