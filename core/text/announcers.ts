// Words that say what the number or code behind them is.

import { words } from '../words.ts'
import type { IdentifierType } from './span.ts'

/** What announces which identifier; two words are written with a space. */
const announcers: readonly {
  readonly type: IdentifierType
  readonly sure?: string
  /** Their first words announce so much else that a short plain number behind them is none. */
  readonly vague?: string
}[] = [
  {
    type: 'SOCIAL_SECURITY_NUMBER',
    sure: 'ssn|ss|social|social security|soc sec|itin|last four',
  },
  {
    type: 'MEDICAL_RECORD_NUMBER',
    sure: `mrn|medical record|med rec|hospital record|health record|emr|ehr|hospital number|hospital no|hospital id|hosp no|clinic number|clinic no|
     unit number|unit no|uhid|umrn|nhs|nhi|hrn|urn|phn|empi|mpi|ficha|expediente|dossier`,
    vague: 'mr|record|chart|patient|pt|file|folder|csn|fin|epic|cerner|chi|hosp',
  },
  {
    type: 'HEALTH_PLAN_BENEFICIARY_NUMBER',
    sure: 'health plan|health insurance|policy|membership|mbr|subscriber|beneficiary|mbi|hicn|payer|payor|cin|grp|rxgrp|rxid|precert|preauth',
    vague: `mcaid|mcr|insurance|insurer|insured|ins|plan|member|medicare|medicaid|hmo|ppo|coverage|group|claim|authorization|auth|aetna|cigna|humana|uhc|
     unitedhealthcare|bcbs|bluecross|blueshield|blue cross|blue shield|anthem|kaiser|tricare|champva|wellcare|molina|centene|ambetter|amerigroup|
     amerihealth|carefirst|highmark|regence|premera|horizon|emblemhealth|medi cal|masshealth|tenncare`,
  },
  {
    type: 'ACCOUNT_NUMBER',
    sure: 'account|acct|invoice|iban|credit card|debit card',
    vague: 'billing|bill|guarantor|routing|card|mastercard|amex',
  },
  {
    type: 'CERTIFICATE_LICENSE_NUMBER',
    sure: 'licence|license|lic|dea|certificate|certification|passport|upin|gmc|ahpra|clia',
    vague: 'dl|npi|cert|visa|permit',
  },
  {
    type: 'VEHICLE_IDENTIFIER',
    sure: 'licence plate|license plate|number plate',
    vague: `plate|plates|tail|vin|vehicle|registration|reg|rego|tag|tags|car|van|minivan|truck|pickup|taxi|cab|motorcycle|scooter|suv|trailer|
     bus|ambulance`,
  },
  {
    type: 'DEVICE_IDENTIFIER',
    sure: 'serial|udi|imei|imsi|catalog|mac address',
    vague: `sn|device|pacemaker|implant|pump|lot|transmitter|receiver|generator|lead|valve|recorder|stimulator|neurostimulator|defibrillator|sensor|
     monitor|hearing aid|hearing aids|cpap|bipap|ventilator|concentrator|wheelchair|aed|cgm|vad|lvad|icd|cart|vent|ppm|glucometer|meter|stent|graft|prosthesis|controller|equipment`,
  },
  {
    type: 'BIOMETRIC_IDENTIFIER',
    sure: `fingerprint|voiceprint|voice print|retinal scan|retina scan|iris scan|faceprint|palm print|biometric`,
  },
  {
    type: 'PHOTO',
    sure: 'photograph',
    vague: 'photo|picture',
  },
  {
    type: 'FAX_NUMBER',
    sure: 'fax|fx|facsimile',
  },
  {
    type: 'PHONE_NUMBER',
    sure: `phone|telephone|tel|pager|pgr|landline|ph|cel|mob|cb|callback|beeper|ext|extension|voicemail|vm|hotline|whatsapp|dial`,
    vague: 'cell|mobile|call|called|contact|text|home|work|reach',
  },
  {
    type: 'GEOGRAPHIC_LOCATION',
    sure: 'zip|zipcode|zip code|postal code|postcode',
  },
  {
    type: 'UNIQUE_IDENTIFIER',
    sure: `identification|identifier|unique id|id|ids|accession|specimen|encounter|employee|student|tracking|confirmation|randomization|emp|ticket|username|login|
     registry|barcode|badge|transaction|docket|edipi|unos`,
    vague: `case|reference|ref|sample|visit|admission|order|study|subject|participant|user|rx|prescription|referral|token|session|booking|inmate|alien|
     donor|requisition|req|report|trip`,
  },
]
/** Between the announcing word and the value; those of the second list say that a number follows. */
const fillers = words(
  'was of with under as at code card plan policy record on file her his the in last four gold silver bronze plus sponsor',
)
const markers = words('ending ends digits number numbers num numero nbr no nr id ids identifier is')

/** What is known of one word. */
type Announcing = {
  readonly word: string
  /** What it announces by itself. */
  type?: IdentifierType
  /** What it announces before another word, by that word. */
  readonly pairs: Map<string, IdentifierType>
  /** Announces much else. */
  vague: boolean
  /** May stand between the word that announces and the value; `mark`: and says that a number follows. */
  between: boolean
  mark: boolean
}
/** By word. */
export const announcing: ReadonlyMap<string, Announcing> = sorted()

function sorted(): Map<string, Announcing> {
  const known = new Map<string, Announcing>()
  const knownAs = (word: string): Announcing => {
    const one = known.get(word) ?? { word, pairs: new Map(), vague: false, between: false, mark: false }
    known.set(word, one)
    return one
  }
  const add = (type: IdentifierType, list: string | undefined, vague: boolean): void => {
    for (const announcer of list?.split('|') ?? []) {
      const [word = '', later] = announcer.trim().split(' ')
      const first = knownAs(word)
      first.vague ||= vague
      if (later === undefined) first.type = type
      else {
        first.pairs.set(later, type)
        knownAs(later).between = true
      }
    }
  }
  for (const { type, sure, vague } of announcers) {
    add(type, sure, false)
    add(type, vague, true)
  }
  for (const word of fillers) knownAs(word).between = true
  for (const word of markers) Object.assign(knownAs(word), { between: true, mark: true })
  return known
}
