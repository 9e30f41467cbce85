// What is found in prose, and what is left, for each of the identifiers.

import { expect } from 'vitest'
import { findIdentifiers } from '../../../core/text/find.ts'
import type { IdentifierType } from '../../../core/text/span.ts'
import { verifies } from '../../verifies.ts'

/** The text with what was found in square brackets. */
function marked(text: string): string {
  let out = ''
  let position = 0
  for (const { start, end } of findIdentifiers(text)) {
    out += `${text.slice(position, start)}[${text.slice(start, end)}]`
    position = end
  }
  return out + text.slice(position)
}

const found: { readonly [type in IdentifierType]?: readonly string[] } = {
  NAME: [
    'seen by [Dr. Okonkwo] today',
    'we go on as [dr ho] is in',
    'reviewed with [Dr Harriet B. Lindqvist], who agrees',
    '[Mr. W.] was admitted',
    'a 40-year-old woman, [Karen L.], with asthma',
    'for [Robert G] seen on the ward',
    'the patient, [Anne-Marie de la Cruz], denies pain',
    'signed by [A. Barnes] and [J.R. Whitfield]',
    'asked [Maria Lopez], RN, to call',
    'reported by [Ruiz], MD, on the ward',
    'her daughter [Grace] came along',
    'a boy named [Rose] was brought in',
    'Patient name: [Joe Brown], no allergies',
    'listed as [Thompson, Sarah K.] in the chart',
    'he and [Sarah White] were seen',
    'with [Wojciechowska] at the bedside',
    'in [Okafor]’s notes from the visit',
    'known as [O’Brien] to the team',
    'the case of [Zbigniew McAllister], who fell',
    '[Maria van Beek] was started on iron',
    'seen with [Soo-jin Park] in the ward',
    'pt [harriet lindqvist] was seen in the ward today and denies pain',
    'THE PATIENT [HARRIET LINDQVIST] WAS SEEN ON THE WARD AND DENIES PAIN',
    'she saw [dr. patel] about it',
    '[Kidd] called today.',
    'Done. [Levin] called.',
    'seen by [Albany], MD, and with [Maria Dover], PA, on the ward',
    'a 54-year-old male, [Skip W.], seen for it',
    'given to [Ana S.], [Tia E.], and to [Ed J.] (all well)',
    'a woman with a rash, [Will P.], seen for it',
    'a 70-year-old female, [Beau Lee], who fell',
    'a patient, [Rain Rivers], with asthma',
    'in patients like [Dusty Miles], who smoke',
    'a man with gout, [April Burns-Gold], seen for it',
    'the case of [Tanya Costello Jr]., who fell',
    'operated by [Dr. June Pope] and [Mr. May] here',
    'wrote about patient [J.D.] today',
    'a dose for [A.B.C.], 66, who smokes',
  ],
  GEOGRAPHIC_LOCATION: [
    'was seen at [Elmwood Family Clinic] for it',
    'transferred from [St. Bartholomew’s Hospital] last year',
    'works at [St. Hilda’s] as a cook',
    'admitted to [Brigham and Women’s Hospital] for it',
    'operated at the [University of Utah Hospital] then',
    'followed at [Hospital for Special Surgery] for it',
    'referred to [Mount Carmel Medical Center in Denver] for it',
    'came to our [Chicago clinic] for it',
    'seen at [MGH] and discharged home',
    'lives in [Brooklyn, NY], alone',
    'resides at [12 Elm Street, Springfield, IL 62704] with his wife',
    'moved to [Cedar Rapids, Iowa] then',
    'was found on [Main Street] in the rain',
    'was seen at [Plaza], which went well',
    'was transferred from [SERENITY] yesterday',
    'mail goes to [P.O. Box 1234] only',
    'ZIP code [60601] on file',
    'born in [Cook County] and raised there',
    'lives in [Albuquerque] with a friend',
    'came from [Little Rock] and then [Coral Gables] for it',
    'a boy from [Jersey City], well',
    'seen at [Atrium] for it',
    'a man who visited [Swedish] for it',
    'admitted to [Scott and White] for it',
    'treated at [City of Hope] for it',
    'seen at the [U of Michigan] for it',
    'evaluated at [Sacred Heart] for it',
    'moved from [St. Elsewhere’s] at night',
    'seen at [VA Palo Alto] for it',
    'lives in [Annapolis, MD] and was born in [Scranton, PA] then',
    'seen in [Rock Springs, WY] for it',
    'moved to [West Chester, PA] then',
    'lives in [Silver Spring, MD] now',
    'seen at [lakeview general hospital] and sent home, no pain',
    'found at [40.7128, -74.0060] by the crew',
  ],
  DATE: [
    'seen on [March 5th, 2021] for it',
    'seen on [Mar 5] for it',
    'seen [the 5th of May] for it',
    'seen on [12-Jan-2023] and [12JAN2023] for it',
    'admitted [2023-11-14T08:30:00Z] for it',
    'seen on [03/02/1984 at 10:30 AM] for it',
    'seen on [Feb 14th ’23] for it',
    'stayed [May 3-5, 2023] for it',
    'operated in [March 2021] for it',
    'symptoms since [03/2023] at least',
    'since [December] at the least',
    'to come back [next Tuesday] for it',
    'fell [on Saturday morning] at home',
    'was last here on [4/22] for it',
    'seen [on Wed] [5/17], at noon',
    'reviewed [8/18] and due [9/2] again',
    'on [3.7.22] and [mid-April 2018] and [early May 2019] for it',
    'fell [on Christmas Eve] and [last Thanksgiving] too',
    'seen on [12 Mar 22] and [7/Dec/2020], then on [2020-Nov-11]',
    'treated at noon [mid-March]; it began [this past Sunday]',
    'fell on [Labor Day], on [Valentine’s Day] and on [New Year’s Eve]',
    'seen there, [Tuesday], [May 5th], for it',
    'due on [the fifth of May] at the latest',
    'seen on [2024-3-5] for it',
    'LMP [20240305] given',
    'taken [20240305T103000Z] there',
    'taken [202403051030] there',
    'seen on [2024.03.05] for it',
    'seen on [2024-064] for it',
    'seen [September 27, 2025, at 20:35:29Z] there',
  ],
  AGE: [
    'a [94]-year-old man',
    'aged [101] and frail',
    'a [90] y/o woman',
    '[91]F presents with chest pain',
    'a [92]M with COPD',
    'Age/Sex: [94]/F',
    'Age (years): [95]',
    'she turned [93] last week',
    'He is [93].',
    'he is [ninety-two].',
    'a [ninety-one]-year-old man',
    'in her [90]s and frail',
    'in her [nineties] and frail',
    'a [nonagenarian] who lives alone',
  ],
  PHONE_NUMBER: [
    'call [(617) 555-0143] now',
    'cell [617.555.0143 x12] works',
    'reach her at [+44 20 7946 0958] today',
    'phone no. [555-0143] rings',
  ],
  FAX_NUMBER: ['fax: [617-555-0144] works', 'results faxed to [617-555-0144] then'],
  EMAIL_ADDRESS: ['write to [anna.b+x@mail.example.org].'],
  SOCIAL_SECURITY_NUMBER: ['SSN [912-34-5678] given', 'social security number is [912345678] there'],
  MEDICAL_RECORD_NUMBER: [
    'see [MRN: 4001234] for it',
    'medical record [SJH-123456] has it',
    'EMR [456123789] has it',
  ],
  HEALTH_PLAN_BENEFICIARY_NUMBER: [
    'insurance ID [HP-678901] given',
    'his policy number is [789-456-123] there',
    'member # [W1234567] given',
    'Medicare [1EG4-TE5-MK73] given',
  ],
  ACCOUNT_NUMBER: [
    'account number [BA-98765432] paid',
    'card [4111 1111 1111 1111] charged',
    'to [DE89 3704 0044 0532 0130 00] then',
  ],
  CERTIFICATE_LICENSE_NUMBER: [
    'license [D1234567] shown',
    'NPI [1234567893] signs',
    'signed [AB1234563] there',
  ],
  VEHICLE_IDENTIFIER: ['plate [7XYZ123] was seen', 'a car, [1HGCM82633A004352], hit him'],
  DEVICE_IDENTIFIER: [
    'pacemaker serial [PM-7788123] placed',
    'from [00:1B:44:11:3A:B7] sent',
    'implant [(01)00884838003019(21)A213B1] placed',
  ],
  URL: ['at [https://portal.example.org/p/123?x=1] there', 'at [www.example.org/p] there'],
  IP_ADDRESS: ['from [10.20.30.40] and [2001:db8::17] then'],
  BIOMETRIC_IDENTIFIER: ['fingerprint [FP-556677] taken'],
  PHOTO: ['see [IMG_20231.jpg] for the wound'],
  UNIQUE_IDENTIFIER: [
    'told of [case #JH-998877] before',
    'listed as [HMO-234567] there',
    'in row [987654321] there',
    'as [550e8400-e29b-41d4-a716-446655440000] there',
  ],
}

for (const [type, texts] of Object.entries(found))
  for (const text of texts)
    verifies('minimum:text', `${type}: ${text}`, () => {
      const plain = text.replaceAll(/[[\]]/g, '')

      expect(marked(plain)).toBe(text)
      if (type !== 'UNIQUE_IDENTIFIER')
        expect(findIdentifiers(plain).map((span) => span.type)).toContain(type)
    })

const left: readonly string[] = [
  'What are the latest guidelines for hypertension in a 60-year-old African American male?',
  'Crohn’s disease and Hodgkin lymphoma, no family history of Huntington’s',
  'a Wells score of 3, a positive Babinski sign and a CHA2DS2-VASc score of 4',
  'Lou Gehrig’s disease and von Willebrand disease run in the family',
  'he takes Lisinopril, Eliquis 5 mg and Xarelto, and used Coumadin before',
  'the American Heart Association and the CDC recommend it, as the ADA does',
  'as studied in the Framingham Heart Study and the ARISTOTLE trial',
  'Epstein-Barr virus was found; Guillain-Barre syndrome was ruled out',
  'diagnosed in 2018 and seen again last year, aged 45',
  'BP 120/80, pain 3/10, strength 5/5, HbA1c 7.2 %, eGFR 45 mL/min/1.73m2, SpO2 96%',
  'Type 2 Diabetes and Stage IV lung cancer since 2019, Grade 2',
  'Vitamin D, Hepatitis B and Factor V Leiden were discussed',
  'E. coli and S. aureus grew; H. pylori did not',
  'platelets 150000 per microliter, 1000000 copies/mL, a range of 1000-1500',
  'PMID 31234567, NCT01234567 and LOINC 4548-4 are cited',
  'she may march on, and will mark the spot in the fall',
  'lives in Texas, was born in Mexico and speaks Spanish',
  'admitted to the ICU from the ED, then seen in the clinic',
  'follow up with Cardiology in 2 weeks, then with Physical Therapy',
  'She reports Monday-morning headaches? No. Return in 6 weeks.',
  'Normocephalic, Atraumatic. Anicteric, Nontender, Nondistended, Afebrile.',
  'Braden 18, Morse fall 45, Karnofsky 80, Rankin 2, Killip II, Mallampati III, NYHA III, Child-Pugh B',
  'a Kaplan-Meier curve, a Charlson index of 4 and RxNorm were used',
  'Lachman, McMurray and Murphy sign negative; a Jackson-Pratt drain and a Kirschner wire; Norco given',
  'T 99F here, HR in the 90s, he is 93 kg and ninety percent of it',
  'COVID-19 and SARS-CoV-2 were tested for; DSM-5 and ICD-10 were used',
  'with Vitamin D. but not for Influenza A., as before',
  'PMH: asthma, Heart Failure, Sleep Apnea (mild), Iron Deficiency, Gene Therapy (none)',
  'pain was seen at Baseline and at Week 12; she was admitted to Cardiology and visited Urgent Care',
  'the patient, Black, Stage IV, has I.V. access, P.O. intake, and O.T. in the U.S., 66 beds',
  'on Labor and Delivery; Memorial and Independence were compared in a year, by a mother every day',
  'version 3.7.22 of it was used, in White Matter and in Black Women',
  'Foods: Peanut Butter, Brown Rice, Green Tea (cold), White Bread, who knows',
]
for (const text of left)
  verifies('minimum:text-terms', `stays: ${text}`, () => {
    expect(marked(text)).toBe(text)
  })
