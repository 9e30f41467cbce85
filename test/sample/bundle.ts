// Any FHIR R4 bundle as the records of its patients, in the generator's shape; a folder of bundles likewise.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Identifiers, Note, PatientRecord, Resource } from './fhir.ts'
import { records } from './fhir.ts'

type Bundle = { resourceType: string; entry?: { fullUrl?: string; resource?: Resource }[] }
type Attachment = { contentType?: string; data?: string }

/** The records of every Patient in the bundle. Rejects when the file is no bundle, or holds no patient. */
export async function fromBundle(path: string): Promise<PatientRecord[]> {
  const bundle = parsed(path, await readFile(path, 'utf8').catch(() => undefined))
  if (bundle.resourceType !== 'Bundle')
    throw new TypeError(`${path} is no FHIR bundle: give a file whose resourceType is Bundle`)
  const entries = (bundle.entry ?? []).flatMap(({ fullUrl, resource }) =>
    resource === undefined ? [] : [{ fullUrl, resource }],
  )
  const patients = entries.filter(({ resource }) => resource.resourceType === 'Patient')
  if (patients.length === 0) throw new TypeError(`${path} holds no Patient: give a bundle of whole records`)
  if (patients.some(({ resource }) => typeof resource.id !== 'string'))
    throw new TypeError(`${path} holds a Patient without an id: give a bundle whose resources have one`)
  return patients.map(({ fullUrl, resource: patient }) => {
    // A bundle refers by the entry's fullUrl (urn:uuid:…) or by Patient/id; a server that took it in knows the second.
    const names = new Set([fullUrl, `urn:uuid:${patient.id}`, `Patient/${patient.id}`])
    const subject = { reference: `Patient/${patient.id}` }
    const own = entries.flatMap(({ resource }) => {
      const seen = resource['subject'] as { reference?: string } | undefined
      return names.has(seen?.reference ?? '') ? [{ ...resource, subject: { ...seen, ...subject } }] : []
    })
    const of = (type: string): Resource[] => own.filter(({ resourceType }) => resourceType === type)
    return {
      patient,
      conditions: of('Condition'),
      medications: of('MedicationRequest'),
      observations: of('Observation'),
      encounters: of('Encounter'),
      notes: [...of('DocumentReference'), ...of('DiagnosticReport')].flatMap(notesOf),
      subject,
    }
  })
}

/** The file as JSON. The parser's own words would quote the file, which may hold PHI. */
function parsed(path: string, text: string | undefined): Bundle {
  if (text === undefined) throw new TypeError(`${path} cannot be read: give the path of a FHIR bundle`)
  try {
    return (JSON.parse(text) ?? {}) as Bundle
  } catch {
    throw new TypeError(`${path} is not JSON: give a FHIR R4 bundle in JSON`)
  }
}

/** A member that is a text. */
function textIn(resource: Resource, member: string): string | undefined {
  const value = resource[member]
  return typeof value === 'string' ? value : undefined
}

/** Text of a document's or report's attachments. */
function notesOf(resource: Resource): Note[] {
  const content = (resource['content'] as { attachment?: Attachment }[] | undefined)?.map(
    ({ attachment }) => attachment,
  )
  const attachments = [...(content ?? []), ...((resource['presentedForm'] as Attachment[] | undefined) ?? [])]
  const author = (resource['author'] ?? resource['performer']) as { display?: string }[] | undefined
  const type = (resource['type'] ?? resource['code']) as
    | { text?: string; coding?: { display?: string }[] }
    | undefined
  return attachments.flatMap((attachment) =>
    attachment?.data === undefined || !attachment.contentType?.startsWith('text/plain')
      ? []
      : [
          {
            id: resource.id,
            date: textIn(resource, 'date') ?? textIn(resource, 'effectiveDateTime') ?? '',
            title: type?.text ?? type?.coding?.[0]?.display ?? 'Note',
            author: author?.[0]?.display ?? '',
            text: Buffer.from(attachment.data, 'base64').toString('utf8'),
          },
        ],
  )
}

/** Which records a run works on, and a sentence that says where they come from. */
export type Source = { records: PatientRecord[]; says: string }

/**
 * Generated records, and before them those of the Synthea bundles below the folder `data`, where there is one. With
 * `bundle`, those of that file alone before the generated ones.
 */
export async function source(options: {
  seed: number
  count: number
  data?: string
  bundle?: string
}): Promise<Source> {
  const { seed, count, data, bundle } = options
  const generated = records(seed, count)
  const files =
    bundle !== undefined ? [bundle] : data ? await bundlesBelow(join(data, 'fhir', 'synthea')) : []
  const real = (await Promise.all(files.map(async (file) => await fromBundle(file)))).flat()
  const from =
    files.length === 0
      ? 'no bundles given'
      : `${real.length} from ${files.length} bundle${files.length === 1 ? '' : 's'}`
  return {
    records: [...real, ...generated],
    says: `${generated.length} generated FHIR R4 patients (seed ${seed}), ${from}`,
  }
}

async function bundlesBelow(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  return names
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((name) => join(folder, name))
}

/** What identifies the patient of a record, wherever it came from. Absent parts are empty. */
export function identifiersOf({ patient }: PatientRecord): Identifiers {
  const names = (patient['name'] as { family?: string; given?: string[] }[] | undefined) ?? []
  const telecom = (patient['telecom'] as { system?: string; value?: string }[] | undefined) ?? []
  const numbers =
    (patient['identifier'] as { type?: { coding?: { code?: string }[] }; value?: string }[] | undefined) ?? []
  const number = (code: string) => numbers.find(({ type }) => type?.coding?.[0]?.code === code)?.value ?? ''
  const reach = (system: string) => telecom.find((one) => one.system === system)?.value ?? ''
  const address = (patient['address'] as { line?: string[] }[] | undefined)?.[0]
  return {
    given: names[0]?.given?.[0] ?? '',
    family: names[0]?.family ?? '',
    mrn: number('MR'),
    ssn: number('SS'),
    phone: reach('phone'),
    email: reach('email'),
    birthDate: textIn(patient, 'birthDate') ?? '',
    line: address?.line?.[0] ?? '',
  }
}
