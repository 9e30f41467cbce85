// Tools that reach further than one question: by what they are called, and by what of the server they call.

import { at, type Found, type ServerRule } from './finding.ts'
import { isOpenEnded, isWhole, toolsOf } from './parts.ts'

type Breadth = {
  /** Of a name whose words are joined by underscores. */
  pattern: RegExp
  what: string
  write: string
}

const narrow =
  'one tool per question: name: get_diagnosis, from: NAME, with: {sections: [conditions]}, returns: {fields: [/conditions/*/code]}'

/** In order: the first that fits says what it is. */
const breadths: readonly Breadth[] = [
  {
    pattern: /(?:^|_)(?:everything|all_data|full_record|complete_record|whole_record)$|^get_all(?:_|$)/,
    what: 'returns all that there is of a patient',
    write: narrow,
  },
  {
    pattern:
      /^(?:(?:get|read|fetch|show|retrieve|load|lookup|open|view|request)_)?(?:(?:patient|medical|health|clinical|ehr|emr|member|fhir)_)*(?:record|chart|profile|history|summary|data|details|info|information|resource)s?(?:_by_[a-z]+)?$|^(?:get|read|fetch|show|retrieve|lookup|open|view)_(?:patient|member|person)(?:_file)?s?(?:_by_[a-z]+)?$|^(?:patient|member)_lookup$|^fhir_read$/,
    what: 'returns a record as a whole',
    write: narrow,
  },
  {
    pattern:
      /^(?:read|query|get)_(?:db|database|tables?)$|(?:^|_)(?:sql|cypher|sparql|graphql)(?:_|$)|^(?:run|execute|exec|eval)(?:_(?:any|query|statement))?$|^query(?:_|$)|_query$/,
    what: 'runs what the caller writes',
    write: 'a tool for each question, with the query in with: {query: "…"} and its values as arguments',
  },
  {
    pattern: /^(?:fhir_)?(?:search|find|filter)(?:_|$)|_search$/,
    what: 'searches over patients',
    write: 'a patient argument and patient: /patient_id, or constants in with: that fix what is searched',
  },
  {
    pattern:
      /(?:^|_)(?:export|dump|backup|bulk)(?:_|$)|^(?:list|get)_(?:all|patients|records|members)(?:_|$)/,
    what: 'hands out many patients at once',
    write: 'leave it out of spec.tools, and give lists of patients by roles with patients: Panel',
  },
  {
    pattern:
      /^fetch$|^(?:https?|curl|browse|web)(?:_|$)|^(?:call_api|api_request|send_request|invoke)$|_(?:urls?|https?|http_request|page|website)$/,
    what: 'reaches addresses that the caller chooses',
    write: 'leave it out of spec.tools; let the server reach declared hosts by network.egress',
  },
  {
    pattern:
      /^(?:read|get|write|list|open|cat)_(?:any_|text_|multiple_|media_)?(?:files?|director(?:y|ies)|paths?|folders?|blobs?|objects?)$/,
    what: 'reads files that the caller names',
    write: 'leave it out of spec.tools, or name each file as an entry of spec.resources',
  },
  {
    pattern:
      /^(?:shell|bash|terminal|python)(?:_|$)|^(?:run|execute|exec|eval)_(?:shell|command|code|script|python)s?$/,
    what: 'runs what the caller writes',
    write: 'leave it out of spec.tools',
  },
]

/** Words of a name, in small letters, joined by underscores: `getPatientRecord` and `get-patient.record` are alike. */
function wordsIn(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .replaceAll(/^_|_$/g, '')
    .toLowerCase()
}

export function breadthOf(name: string): Breadth | undefined {
  const words = wordsIn(name)
  return breadths.find(({ pattern }) => pattern.test(words))
}

/** A search for one patient is as narrow as another question. */
const bound = (breadth: Breadth, patient: string | undefined): boolean =>
  breadth.what === 'searches over patients' && patient !== undefined

export const broadTools: readonly ServerRule[] = [
  {
    id: 'broad-tool',
    severity: 'warning',
    control: 'minimumNecessary',
    about:
      'A tool whose name says that it returns whole records, searches, runs queries, exports, or reads files or addresses.',
    why: 'An agent asks with the tool that it sees. A broad one makes every question a request for everything.',
    find: ({ spec }) =>
      toolsOf(spec).flatMap(({ tool, subject, place }): Found[] => {
        const breadth = breadthOf(tool.name)
        if (breadth === undefined || bound(breadth, tool.patient)) return []
        return [
          {
            place: `${place}/name`,
            subject,
            found: `tool ${tool.name} by its name ${breadth.what}`,
            write: breadth.write.replace('NAME', tool.from ?? tool.name),
          },
        ]
      }),
  },
  {
    id: 'broad-source',
    severity: 'warning',
    control: 'minimumNecessary',
    about:
      'A tool with a name of its own that calls a broad one, and neither constants nor fields make it narrower.',
    why: 'Another name does not make a tool narrow: constants in with, and fields in returns, do.',
    find: ({ spec }) =>
      toolsOf(spec).flatMap(({ tool, subject, place }): Found[] => {
        const from = tool.from ?? tool.name
        const breadth = breadthOf(from)
        if (breadth === undefined || from === tool.name || bound(breadth, tool.patient)) return []
        const constants = Object.keys(tool.with ?? {}).length > 0
        const fields = tool.returns.fields.every((field) => !isWhole(field) && !isOpenEnded(field))
        if (constants || fields) return []
        return [
          {
            place: `${place}/from`,
            subject,
            found: `tool ${tool.name} calls ${from}, which ${breadth.what}, and nothing narrows it`,
            write:
              'with: {sections: [conditions]} if the server takes it, and returns: {fields: [/conditions/*/code]}',
          },
        ]
      }),
  },
  {
    id: 'duplicate-tool',
    severity: 'note',
    control: 'minimumNecessary',
    about:
      'Two tools that call the same tool of the server with the same constants and return the same fields.',
    why: 'A second name for one thing must be given, watched and taken away twice.',
    find: ({ spec }) => {
      const seen = new Map<string, string>()
      return toolsOf(spec).flatMap(({ tool, subject, place }): Found[] => {
        const key = JSON.stringify([
          tool.from ?? tool.name,
          tool.with ?? {},
          tool.arguments,
          tool.returns.fields,
        ])
        const first = seen.get(key)
        if (first === undefined) {
          seen.set(key, tool.name)
          return []
        }
        return [
          {
            place: `${place}${at('name')}`,
            subject,
            found: `tool ${tool.name} asks for and returns what ${first} does`,
            write: `one of the two, and its name in the roles that need it`,
          },
        ]
      })
    },
  },
]
