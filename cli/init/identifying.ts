// Members and arguments that by their name hold one of the identifiers of the Safe Harbor list, or sentences in which
// identifiers stand. Compared without case, _ and -.

import { words } from '../../core/words.ts'

type Kind = {
  /** What it is, and where the law lists it. */
  readonly is: string
  readonly names: ReadonlySet<string>
  /** Ends of names, for those that servers put something in front of. */
  readonly ends: readonly string[]
}

/** 45 CFR 164.514(b)(2)(i), (A) to (R). */
const kinds: readonly Kind[] = [
  {
    is: 'a name, 164.514(b)(2)(i)(A)',
    names:
      words(`name names given family first last middle maiden surname alias aliases prefix suffix contact contacts
      guardian relative nextofkin kin emergencycontact provider physician doctor clinician practitioner author performer
      requester recorder asserter nurse username login user`),
    ends: ['name', 'names', 'displayname'],
  },
  {
    is: 'a place smaller than a state, 164.514(b)(2)(i)(B)',
    names:
      words(`address addresses street line city town county district zip zipcode postalcode postcode location
      latitude longitude geo facility hospital site ward room bed`),
    ends: ['address', 'street', 'city', 'zip', 'zipcode', 'postalcode'],
  },
  {
    is: 'a telephone number, 164.514(b)(2)(i)(D)',
    names: words('phone phones telephone tel mobile cell telecom'),
    ends: ['phone', 'telephone', 'phonenumber', 'mobile'],
  },
  { is: 'a fax number, 164.514(b)(2)(i)(E)', names: words('fax faxes'), ends: ['fax', 'faxnumber'] },
  {
    is: 'an e-mail address, 164.514(b)(2)(i)(F)',
    names: words('email emails mail'),
    ends: ['email', 'emailaddress'],
  },
  {
    is: 'a Social Security number, 164.514(b)(2)(i)(G)',
    names: words('ssn ssns socialsecurity socialsecuritynumber'),
    ends: ['ssn'],
  },
  {
    is: 'a medical record number, 164.514(b)(2)(i)(H)',
    names: words('mrn mrns medicalrecordnumber recordnumber chartnumber'),
    ends: ['mrn'],
  },
  {
    is: 'a number of a health plan, 164.514(b)(2)(i)(I)',
    names: words(
      'memberid membernumber subscriberid subscribernumber policynumber groupnumber beneficiaryid plannumber mbi',
    ),
    ends: ['memberid', 'subscriberid', 'policynumber'],
  },
  {
    is: 'an account number, 164.514(b)(2)(i)(J)',
    names: words('account accounts accountnumber iban'),
    ends: ['accountnumber', 'accountid'],
  },
  {
    is: 'a licence number, 164.514(b)(2)(i)(K)',
    names: words('license licence licensenumber npi dea'),
    ends: ['license', 'licence', 'npi'],
  },
  {
    is: 'a vehicle or its number, 164.514(b)(2)(i)(L)',
    names: words('vin vehicle plate licenseplate'),
    ends: [],
  },
  {
    is: 'a device identifier, 164.514(b)(2)(i)(M)',
    names: words('serial serialnumber udi deviceid imei mac'),
    ends: ['serialnumber'],
  },
  {
    is: 'an address of the web, 164.514(b)(2)(i)(N)',
    names: words('url urls uri link links href website'),
    ends: ['url', 'uri'],
  },
  { is: 'an IP address, 164.514(b)(2)(i)(O)', names: words('ip ipaddress host hostname'), ends: [] },
  {
    is: 'a biometric, 164.514(b)(2)(i)(P)',
    names: words('fingerprint biometric biometrics voiceprint retina'),
    ends: [],
  },
  {
    is: 'a picture of the face, 164.514(b)(2)(i)(Q)',
    names: words('photo photos picture pictures image images avatar'),
    ends: ['photo'],
  },
  {
    is: 'a number of its own, 164.514(b)(2)(i)(R)',
    names: words('id ids identifier identifiers uuid guid reference subject patient fullurl token signature'),
    ends: ['id', 'uuid', 'identifier', 'reference'],
  },
  {
    is: 'free text, in which anything may stand',
    names:
      words(`note notes text div narrative comment comments description content body message summary remarks
      instructions reason details freetext transcript history impression assessment plan subjective objective html`),
    ends: ['note', 'notes', 'text', 'comment', 'comments', 'narrative'],
  },
]

/** What a member holds by its name; undefined where its name says nothing of the kind. */
export function identifierIn(name: string): string | undefined {
  const plain = name.toLowerCase().replaceAll(/[_-]/g, '')
  return kinds.find(({ names, ends }) => names.has(plain) || ends.some((end) => plain.endsWith(end)))?.is
}

/** Whether a member or an argument names the patient. */
export function namesPatient(name: string): boolean {
  const plain = name.toLowerCase().replaceAll(/[_-]/g, '')
  return /^(?:patient|subject|member|person|beneficiary)(?:id|ids|identifier|ref|reference|uuid|number|mrn)?$|^mrn$/.test(
    plain,
  )
}
