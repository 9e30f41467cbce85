// What leaves: whole documents, wildcards, text and media as they are, identifiers among the fields.

import { fieldIssue } from '../fields/path.ts'
import { words } from '../words.ts'
import { at, type Found, type ServerRule, type Spec, some } from './finding.ts'
import { isOpenEnded, isWhole, type Kept, type Part, partsOf } from './parts.ts'

/** A finding for each field of each part that the predicate takes. */
function fieldsWhere(
  spec: Spec,
  takes: (field: string, kept: Kept) => boolean,
  says: (field: string, name: string, kept: Kept) => { found: string; write: string },
): Found[] {
  return partsOf(spec).flatMap((part) =>
    part.kept.flatMap((kept) =>
      kept.fields.flatMap((field, index) =>
        takes(field, kept)
          ? [
              {
                place: `${kept.place}${at('fields', index)}`,
                subject: part.subject,
                ...says(field, `${part.name}${kept.whom}`, kept),
              },
            ]
          : [],
      ),
    ),
  )
}

/** A finding for each list of fields that the predicate takes. */
function keptWhere(
  spec: Spec,
  takes: (kept: Kept, part: Part) => boolean,
  says: (name: string, kept: Kept) => { member: string; found: string; write: string },
): Found[] {
  return partsOf(spec).flatMap((part) =>
    part.kept
      .filter((kept) => takes(kept, part))
      .map((kept) => {
        const { member, ...said } = says(`${part.name}${kept.whom}`, kept)
        return { place: `${kept.place}${member}`, subject: part.subject, ...said }
      }),
  )
}

const listed = 'the fields that the question needs: fields: [/conditions/*/code, /conditions/*/onset]'

/** The last member that a field names. */
const lastOf = (field: string): string =>
  field.split(/[/.]/).findLast((segment) => segment !== '*' && segment !== '') ?? ''

/** Members that name or reach a person, in FHIR and as most servers call them (45 CFR 164.514(b)(2)(i)). */
const identifying =
  words(`name given family maidenname firstname lastname fullname first_name last_name full_name patient_name
  telecom phone email fax address street line city postalcode zip birthdate birth_date dob deceaseddatetime ssn mrn photo photos account_number member_id subscriberid subscriber_id license_number`)

/** Members that name a person only where they stand at one: a medication has a name as well. */
const naming = words('name names identifier identifiers contact contacts')
const people =
  /^(?:|patients?|subjects?|persons?|people|members?|individuals?|relatives?|contacts?|guardians?|guarantors?|subscribers?|practitioners?|relatedperson|beneficiary)$/i

function isIdentifying(field: string): boolean {
  const segments = field.split(/[/.]/).filter((segment) => segment !== '*')
  const last = (segments.at(-1) ?? '').toLowerCase()
  return identifying.has(last) || (naming.has(last) && people.test(segments.at(-2) ?? ''))
}

/** Members that hold sentences. */
const narrative = words(
  'text div note notes narrative comment comments description content body value message summary display',
)

const isProse = (field: string): boolean => narrative.has(lastOf(field).toLowerCase())

export const returnsRules: readonly ServerRule[] = [
  {
    id: 'field-unknown',
    severity: 'error',
    control: 'minimumNecessaryDisclosures',
    about: 'A field that is no JSON Pointer, or a path of FHIR elements that FHIR R4 does not have.',
    why: 'It keeps nothing, and the policy that names it does not compile: the server locks.',
    find: ({ spec }) =>
      fieldsWhere(
        spec,
        (field) => fieldIssue(field) !== undefined,
        (field, name) => unknownField(field, name, fieldIssue(field) ?? ''),
      ),
  },
  {
    id: 'whole-record-unjustified',
    severity: 'error',
    control: 'wholeRecord',
    about: 'returns.fields keeps the whole document ("", /*), and returns.reason does not say why.',
    why: 'An entire record may be used or disclosed only where the entire record is specifically justified.',
    find: ({ spec }) =>
      fieldsWhere(
        spec,
        (field, { reason }) => isWhole(field) && reason === undefined,
        (field, name) => ({
          found: `${name} returns the whole document (${JSON.stringify(field)}), and no reason says why`,
          write: `${listed}; or reason: the justification that reports show`,
        }),
      ),
  },
  {
    id: 'whole-record',
    severity: 'warning',
    control: 'wholeRecord',
    about: 'returns.fields keeps the whole document ("", /*), with a reason.',
    why: 'Whatever the server adds to its answers later leaves as well, without anybody deciding it.',
    find: ({ spec }) =>
      fieldsWhere(
        spec,
        (field, { reason }) => isWhole(field) && reason !== undefined,
        (field, name) => ({
          found: `${name} returns the whole document (${JSON.stringify(field)})`,
          write: listed,
        }),
      ),
  },
  {
    id: 'wildcard-field',
    severity: 'warning',
    control: 'minimumNecessary',
    about:
      'A field that ends in *, or in a member that holds records (/entry/*/resource, /data): all below it is kept.',
    why: 'It is an allow-list of one entry: everything that the server puts there leaves.',
    find: ({ spec }) =>
      fieldsWhere(spec, isOpenEnded, (field, name) => ({
        found: `${name} keeps everything below ${field}`,
        write: `the members that are needed: ${field}/code, ${field}/status`,
      })),
  },
  {
    id: 'returns-nothing',
    severity: 'warning',
    control: 'minimumNecessary',
    about: 'returns.fields of a tool or resource is empty: nothing of a JSON result leaves.',
    why: 'The call runs, its patients are read and recorded, and only text that no field can cut comes of it.',
    find: ({ spec }) =>
      keptWhere(
        spec,
        ({ fields }, { list, returns }) =>
          fields.length === 0 && list !== 'prompts' && (returns.pseudonyms ?? []).length === 0,
        (name) => ({ member: '/fields', found: `${name} returns no field`, write: listed }),
      ),
  },
  {
    id: 'field-covered',
    severity: 'note',
    control: 'minimumNecessary',
    about: 'A field that another one, wider, keeps already.',
    why: 'It looks like a limit and is none.',
    find: ({ spec }) =>
      fieldsWhere(
        spec,
        (field, { fields }) => coverOf(field, fields) !== undefined,
        (field, name, { fields }) => ({
          found: `${name}: ${coverOf(field, fields) || '""'} keeps ${field} already`,
          write: 'one of the two: the wider one if all below it is needed, else the narrower one',
        }),
      ),
  },
  {
    id: 'identifying-field',
    severity: 'note',
    control: 'minimumNecessary',
    about: 'A field that is called like a name, address, date of birth, number or photo of a person.',
    why: 'A field that is kept on purpose is searched for identifiers only as far as they have a form.',
    find: ({ spec }) =>
      keptWhere(
        spec,
        ({ fields }) => fields.some(isIdentifying),
        (name, { fields }) => ({
          member: at('fields', fields.findIndex(isIdentifying)),
          found: `${name} keeps what may name a person: ${some(fields.filter(isIdentifying))}`,
          write: 'no such field, unless the caller must tell patients apart by it',
        }),
      ),
  },
  {
    id: 'text-kept',
    severity: 'warning',
    control: 'minimumNecessary',
    about: 'text: Keep in returns or in fromServer: text leaves with all identifiers that stand in it.',
    why: 'Notes name relatives, places and dates that no field list can see.',
    find: ({ spec }) => [
      ...keptWhere(
        spec,
        ({ text }) => text === 'Keep',
        (name) => ({
          member: '/text',
          found: `${name} keeps text as the server wrote it`,
          write: 'text: Redact, which is the default',
        }),
      ),
      ...Object.entries(spec.fromServer ?? {}).flatMap(([what, of]) =>
        (of as { text?: string } | undefined)?.text === 'Keep'
          ? [
              {
                place: at('spec', 'fromServer', what, 'text'),
                subject: `fromServer/${what}`,
                found: `${what} of the server passes with its text as it is`,
                write: 'text: Redact, which is the default',
              },
            ]
          : [],
      ),
    ],
  },
  {
    id: 'media-kept',
    severity: 'warning',
    control: 'minimumNecessary',
    about: 'media: Keep: images, audio and other bytes leave as they are.',
    why: 'A scan shows a face or a name in its corner, and nothing in bytes can be redacted.',
    find: ({ spec }) =>
      partsOf(spec)
        .filter(({ returns }) => returns.media === 'Keep')
        .map(({ name, subject, place }) => ({
          place: `${place}/returns/media`,
          subject,
          found: `${name} keeps images, audio and other bytes`,
          write: 'media: Drop, which is the default, or a tool of its own for the one image that is needed',
        })),
  },
  {
    id: 'free-text-passes',
    severity: 'note',
    control: 'minimumNecessary',
    about:
      'A tool whose fields hold no sentences, with text: Redact: an answer that is no JSON leaves all the same.',
    why: 'Fields cut JSON alone. Other text is searched for identifiers, and the rest of it leaves.',
    find: ({ spec }) =>
      keptWhere(
        spec,
        ({ text = 'Redact', fields }, { list }) =>
          list === 'tools' && text === 'Redact' && fields.length > 0 && !fields.some(holdsProse),
        (name, { text }) => ({
          member: text === undefined ? '' : '/text',
          found: `${name} lets text pass that is no JSON`,
          write: 'text: Drop, if the server answers in JSON',
        }),
      ),
  },
  {
    id: 'pseudonyms-unrotated',
    severity: 'note',
    control: 'minimumNecessary',
    about: 'returns.pseudonyms without redaction.epoch.',
    why: 'The same value has the same pseudonym for ever: whoever collects results for long enough knows who is who.',
    find: ({ spec }) =>
      spec.redaction?.epoch !== undefined
        ? []
        : partsOf(spec)
            .filter(({ returns }) => (returns.pseudonyms ?? []).length > 0)
            .map(({ name, subject, place }) => ({
              place: `${place}/returns/pseudonyms`,
              subject,
              found: `${name} shows pseudonyms that are never rotated`,
              write: 'redaction: {epoch: 2026-q4}, and another one each quarter',
            })),
  },
  {
    id: 'text-dropped',
    severity: 'warning',
    control: 'minimumNecessary',
    about: 'text: Drop on a prompt, or where every field that is kept holds sentences.',
    why: 'Drop takes a whole text away when one identifier stands in it: of such a result mostly nothing is left.',
    find: ({ spec }) =>
      keptWhere(
        spec,
        ({ text, fields }, { list }) =>
          text === 'Drop' && (list === 'prompts' || (fields.length > 0 && fields.every(isProse))),
        (name) => ({
          member: '/text',
          found: `${name} drops text, and returns little else`,
          write: 'text: Redact, or fields that hold codes: /conditions/*/code/coding',
        }),
      ),
  },
]

/** Of a sentence such as `Patient.nmae: Patient has no element nmae: did you mean name?` */
function unknownField(field: string, name: string, issue: string): { found: string; write: string } {
  const [, wrong = '', near] = / no (?:element|type) (\w+): did you mean (\w+)/.exec(issue) ?? []
  return {
    found: `${name}: ${issue.split(/: (?:did you mean|write)/)[0]}`,
    write:
      near === undefined
        ? (/: write (.+)$/.exec(issue)?.[1] ?? 'a path such as Condition.code, or /conditions/*/code')
        : field.replace(wrong, near),
  }
}

const holdsProse = (field: string): boolean => isProse(field) || isWhole(field) || isOpenEnded(field)

/** Another field that keeps this one. */
function coverOf(field: string, fields: readonly string[]): string | undefined {
  const segments = partsIn(field)
  return fields.find((other) => {
    const wider = partsIn(other)
    return (
      other !== field &&
      wider.length <= segments.length &&
      wider.every((segment, index) => segment === segments[index] || segment === '*')
    )
  })
}

/** A pointer begins with an empty segment, which no path of FHIR elements has: neither covers the other. */
function partsIn(field: string): string[] {
  return field.startsWith('/') || field === '' ? field.split('/') : field.split('.')
}
