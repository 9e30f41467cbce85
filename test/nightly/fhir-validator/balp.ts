// The constraints of IHE ITI BALP 1.1.3 (PatientRead.fsh, PatientQuery.fsh) that a validator needs, as StructureDefinitions of
// our own writing: the guide's own package is in no registry that the tests reach. A constraint that stands there and not here is not
// checked; what is here was compared line by line with the guide's source.

const balp = 'https://profiles.ihe.net/ITI/BALP'

type Element = { readonly [member: string]: unknown }
type Fixed = { system: string; code: string }

const dicom = 'http://dicom.nema.org/resources/ontology/DCM'
const participation = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType'
const entityType = 'http://terminology.hl7.org/CodeSystem/audit-entity-type'
const objectRole = 'http://terminology.hl7.org/CodeSystem/object-role'
const ownEntity = `${balp}/CodeSystem/BasicAuditEntityType`

const at = (path: string, rules: Element = {}, id = path): Element => ({
  id: `AuditEvent.${id}`,
  path: `AuditEvent.${path}`,
  ...rules,
})

const sliced = (path: string, min: number): Element =>
  at(path, { slicing: { discriminator: [{ type: 'pattern', path: 'type' }], rules: 'open' }, min })

/** A slice of `agent` or `entity`, told by its type, with rules for its members in the order of FHIR's own definition. */
function slice(
  path: 'agent' | 'entity',
  name: string,
  [min, max]: [number, string],
  type: Fixed,
  members: { readonly [member: string]: Element },
): Element[] {
  const of = `${path}:${name}`
  const pattern = path === 'agent' ? { patternCodeableConcept: { coding: [type] } } : { patternCoding: type }
  const order = path === 'agent' ? agentOrder : entityOrder
  const rules: { readonly [member: string]: Element } = { ...members, type: { min: 1, ...pattern } }
  return [
    at(path, { sliceName: name, min, max }, of),
    ...order.flatMap((member) =>
      rules[member] === undefined ? [] : [at(`${path}.${member}`, rules[member], `${of}.${member}`)],
    ),
  ]
}

const agentOrder = ['type', 'who', 'requestor', 'media', 'network']
const entityOrder = [
  'what',
  'what.identifier',
  'what.identifier.value',
  'type',
  'role',
  'lifecycle',
  'query',
  'detail',
]

const one = { min: 1, max: '1' }
const none = { max: '0' }
const machine = { who: one, network: one, media: none }
const user = slice(
  'agent',
  'user',
  [0, '1'],
  { system: participation, code: 'IRCP' },
  {
    who: one,
    requestor: { patternBoolean: true },
    media: none,
    network: none,
  },
)
const transaction = slice(
  'entity',
  'transaction',
  [0, '1'],
  { system: ownEntity, code: 'XrequestId' },
  {
    'what.identifier': { min: 1 },
    'what.identifier.value': { min: 1 },
  },
)
const patient = slice(
  'entity',
  'patient',
  [1, '1'],
  { system: entityType, code: '1' },
  {
    what: {
      ...one,
      type: [{ code: 'Reference', targetProfile: ['http://hl7.org/fhir/StructureDefinition/Patient'] }],
    },
    role: { patternCoding: { system: objectRole, code: '1' } },
  },
)
const data = slice(
  'entity',
  'data',
  [1, '1'],
  { system: entityType, code: '2' },
  {
    what: one,
    role: { binding: { strength: 'required', valueSet: `${balp}/ValueSet/RestObjectRoles` } },
  },
)
const query = slice(
  'entity',
  'query',
  [1, '1'],
  { system: entityType, code: '2' },
  {
    what: none,
    role: { patternCoding: { system: objectRole, code: '24' } },
    lifecycle: none,
    query: one,
    detail: none,
  },
)

/** `client` and `server`: DICOM roles, which a query turns round. */
function elements(
  action: string,
  client: string,
  server: string,
  entities: Element[],
  least: number,
): Element[] {
  return [
    at('type', {
      patternCoding: { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' },
    }),
    at('subtype', { min: 1 }),
    at('action', { min: 1, patternCode: action }),
    at('outcome', { min: 1, patternCode: '0' }),
    sliced('agent', 2),
    ...slice('agent', 'client', [1, '1'], { system: dicom, code: client }, machine),
    ...slice('agent', 'server', [1, '1'], { system: dicom, code: server }, machine),
    ...user,
    sliced('entity', least),
    ...transaction,
    ...entities,
  ]
}

const read = (more: Element[], least: number): Element[] =>
  elements('R', '110152', '110153', [...data, ...more], least)
const search = (more: Element[]): Element[] => elements('E', '110153', '110152', [...query, ...more], 1)

const profiles = {
  Read: read([], 1),
  PatientRead: read(patient, 2),
  Query: search([]),
  PatientQuery: search(patient),
}

/** Name of a file -> resource. */
export const balpResources: { readonly [file: string]: Element } = {
  ...Object.fromEntries(
    Object.entries(profiles).map(([name, element]) => [
      `${name}.json`,
      {
        resourceType: 'StructureDefinition',
        url: `${balp}/StructureDefinition/IHE.BasicAudit.${name}`,
        name,
        status: 'active',
        fhirVersion: '4.0.1',
        kind: 'resource',
        abstract: false,
        type: 'AuditEvent',
        baseDefinition: 'http://hl7.org/fhir/StructureDefinition/AuditEvent',
        derivation: 'constraint',
        differential: { element: [{ id: 'AuditEvent', path: 'AuditEvent' }, ...element] },
      },
    ]),
  ),
  'RestObjectRoles.json': {
    resourceType: 'ValueSet',
    url: `${balp}/ValueSet/RestObjectRoles`,
    name: 'RestObjectRoles',
    status: 'active',
    compose: { include: [{ system: objectRole, concept: ['4', '3', '20'].map((code) => ({ code })) }] },
  },
  'BasicAuditEntityType.json': {
    resourceType: 'CodeSystem',
    url: ownEntity,
    name: 'BasicAuditEntityType',
    status: 'active',
    content: 'complete',
    caseSensitive: true,
    concept: [
      {
        code: 'XrequestId',
        display: 'transport specific unique identifier where http X-Request-Id is used',
      },
    ],
  },
}
