// Arguments that let more through than they say.

import { at, type Found, type ServerRule, type Spec } from './finding.ts'
import { argumentsOf } from './parts.ts'
import { allows, type Schema } from './schema-places.ts'

/** Arguments in which callers write what is done, and not to what. */
const powerful =
  /^(?:q|query|sql|statement|search|search_?(?:text|term|string)|filter|where|expression|criteria|command|cmd|code|script|url|uri|href|endpoint|path|file|file_?(?:name|path)|dir(?:ectory)?|body|payload|fhir_?path|resource_?type|fields|columns|table|_?(?:include|revinclude|elements|summary))$/i

/** Keywords after which a string is no longer just any string. */
const bounds = ['enum', 'const', 'pattern', 'format']
const isFree = (schema: Schema): boolean =>
  allows(schema, 'string') && !('$ref' in schema) && bounds.every((keyword) => !(keyword in schema))

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
    id: 'bulk-allowed',
    severity: 'warning',
    control: 'minimumNecessary',
    about: 'bulk: Allowed on a tool or prompt.',
    why: 'One call may ask for everybody: a limit on calls no longer limits patients.',
    find: ({ spec }) =>
      askable(spec, ({ bulk }) => bulk === 'Allowed').map(({ name, place, subject }) => ({
        place: `${place}/bulk`,
        subject,
        found: `${name} may ask for everybody at once`,
        write: 'bulk: Forbidden, which is the default, with patient and limits.records',
      })),
  },
  {
    id: 'identifiers-in-arguments',
    severity: 'warning',
    control: 'minimumNecessary',
    about: 'identifiers: Keep on a tool or prompt.',
    why: 'Names and numbers of people go to the server, its logs and its vendors, where an id would do.',
    find: ({ spec }) =>
      askable(spec, ({ identifiers }) => identifiers === 'Keep').map(({ name, place, subject }) => ({
        place: `${place}/identifiers`,
        subject,
        found: `${name} takes names and numbers of people in its arguments`,
        write: 'identifiers: Refuse, which is the default, and patient: /patient_id',
      })),
  },
]

type Askable = Pick<Spec['tools'][number], 'name' | 'bulk' | 'identifiers'>

/** Tools and prompts that a predicate takes, with their places. */
function askable(
  spec: Spec,
  takes: (one: Askable) => boolean,
): { name: string; place: string; subject: string }[] {
  return (['tools', 'prompts'] as const).flatMap((list) =>
    (spec[list] ?? []).flatMap((one: Askable, index) =>
      takes(one) ? [{ name: one.name, place: at('spec', list, index), subject: `${list}/${one.name}` }] : [],
    ),
  )
}
