// Words that say what the number or code behind them is.

import { words } from '../words.ts'
import type { IdentifierType } from './span.ts'

/** What announces which identifier; two words are written with a space. */
const announcers: readonly (readonly [type: IdentifierType, words: string])[] = [
  ['SOCIAL_SECURITY_NUMBER', 'ssn|ss|social|social security|soc sec|itin'],
  [
    'MEDICAL_RECORD_NUMBER',
    `mrn|mr|medical record|med rec|hospital record|health record|record|chart|emr|ehr|hospital number|hospital no|hospital id|hosp no|clinic number|clinic no|unit number|unit no|patient|pt|file|folder|uhid|
     nhs|nhi|hrn|urn|phn|empi|mpi|csn|fin|epic|cerner|ficha|expediente|dossier`,
  ],
  [
    'HEALTH_PLAN_BENEFICIARY_NUMBER',
    `health plan|health insurance|insurance|insurer|insured|ins|policy|plan|member|membership|subscriber|beneficiary|medicare|medicaid|mbi|hicn|hmo|ppo|
     coverage|payer|payor|group|claim|authorization|auth|aetna|cigna|humana|uhc|unitedhealthcare|bcbs|bluecross|blueshield|blue cross|blue shield|anthem|kaiser|
     tricare|champva|wellcare|molina|centene|ambetter|amerigroup|amerihealth|carefirst|highmark|regence|premera|emblemhealth|medi cal|masshealth|tenncare`,
  ],
  [
    'ACCOUNT_NUMBER',
    'account|acct|billing|bill|invoice|guarantor|iban|routing|credit card|debit card|card|mastercard|amex',
  ],
  [
    'CERTIFICATE_LICENSE_NUMBER',
    'license|licence|lic|dl|dea|npi|certificate|certification|cert|passport|visa|upin|permit|gmc|ahpra',
  ],
  [
    'VEHICLE_IDENTIFIER',
    `license plate|licence plate|number plate|plate|plates|vin|vehicle|registration|reg|rego|tag|tags|car|van|minivan|truck|pickup|taxi|cab|motorcycle|
     scooter|suv|trailer|bus|ambulance`,
  ],
  [
    'DEVICE_IDENTIFIER',
    `serial|sn|device|udi|imei|imsi|pacemaker|implant|pump|mac address|lot|transmitter|receiver|generator|lead|valve|recorder|stimulator|neurostimulator|
     defibrillator|sensor|monitor|hearing aid|cpap|bipap|ventilator|concentrator|wheelchair|glucometer|meter|stent|graft|prosthesis|controller|equipment`,
  ],
  [
    'BIOMETRIC_IDENTIFIER',
    'fingerprint|voiceprint|voice print|retinal scan|retina scan|iris scan|faceprint|palm print|biometric',
  ],
  ['PHOTO', 'photograph|photo|picture'],
  ['FAX_NUMBER', 'fax|fx|facsimile'],
  [
    'PHONE_NUMBER',
    'phone|telephone|tel|cell|mobile|pager|call|called|contact|text|landline|home|work|reach|ph|cel|mob|cb|callback|beeper|ext|extension|voicemail|vm|hotline|whatsapp|dial',
  ],
  ['GEOGRAPHIC_LOCATION', 'zip|zipcode|zip code|postal code|postcode'],
  [
    'UNIQUE_IDENTIFIER',
    'identification|identifier|unique id|id|ids|case|reference|ref|accession|specimen|sample|encounter|visit|admission|order|study|subject|participant|employee|student|tracking|confirmation|ticket|user|username|login|registry|barcode|badge|transaction|rx|prescription|referral|token|session|docket|booking|inmate|alien|donor|requisition|edipi|unos',
  ],
]
/** Between the announcing word and the value; those of the second list say that a number follows. */
const fillers = [
  'was',
  'of',
  'with',
  'under',
  'as',
  'at',
  'code',
  'card',
  'plan',
  'policy',
  'record',
  'on',
  'file',
  'her',
  'his',
  'the',
  'in',
  'last',
  'four',
  'gold',
  'silver',
  'bronze',
  'plus',
  'sponsor',
]
const markers = [
  'ending',
  'ends',
  'digits',
  'number',
  'numbers',
  'num',
  'numero',
  'nbr',
  'no',
  'nr',
  'id',
  'ids',
  'identifier',
  'is',
]

/** Words that announce so many other things that a short plain number behind them is none. */
export const vague: ReadonlySet<string> = words(
  `patient pt plan group claim visit admission order study subject sample lot case reference ref file record chart card device pump rx prescription
   photo picture vehicle registration ins coverage auth authorization participant hmo ppo medicare medicaid insured referral vin session plate plates visa
   insurance token sn user dl cert billing routing npi mr implant pacemaker call called contact text home work reach cell mobile insurer member license
   aetna cigna humana uhc unitedhealthcare bcbs bluecross blueshield anthem kaiser tricare champva wellcare molina centene ambetter amerigroup amerihealth carefirst
   highmark regence premera emblemhealth masshealth tenncare blue medi bill guarantor mastercard amex permit reg rego tag tags car van minivan truck pickup taxi cab
   motorcycle scooter suv trailer bus ambulance transmitter receiver generator lead valve recorder stimulator neurostimulator defibrillator sensor monitor
   hearing cpap bipap ventilator concentrator wheelchair glucometer meter stent graft prosthesis controller equipment booking inmate alien donor requisition folder fin epic cerner
   csn`,
)

/** What is known of one word. */
type Announcing = {
  readonly word: string
  /** What it announces by itself. */
  type?: IdentifierType
  /** What it announces before another word, by that word. */
  readonly pairs: Map<string, IdentifierType>
  /** May stand between the word that announces and the value; `mark`: and says that a number follows. */
  between: boolean
  mark: boolean
}
/** By word. */
export const announcing: ReadonlyMap<string, Announcing> = sorted()

function sorted(): Map<string, Announcing> {
  const known = new Map<string, Announcing>()
  const knownAs = (word: string): Announcing => {
    const one = known.get(word) ?? { word, pairs: new Map(), between: false, mark: false }
    known.set(word, one)
    return one
  }
  for (const [type, list] of announcers) {
    for (const words of list.split('|')) {
      const [word = '', later] = words.trim().split(' ')
      if (later === undefined) knownAs(word).type = type
      else {
        knownAs(word).pairs.set(later, type)
        knownAs(later).between = true
      }
    }
  }
  for (const word of fillers) knownAs(word).between = true
  for (const word of markers) Object.assign(knownAs(word), { between: true, mark: true })
  return known
}
