// Words that the record generator draws from. Every person, place and number in them is invented: given names are
// common ones, family names and streets are coined, and no combination is anybody.

export const givenNames = {
  female: [
    'Adela',
    'Brisa',
    'Corinne',
    'Delphine',
    'Elowen',
    'Fenna',
    'Greta',
    'Hester',
    'Ilse',
    'Junia',
    'Katla',
    'Linnea',
  ],
  male: [
    'Anders',
    'Bastian',
    'Caspar',
    'Dorian',
    'Emil',
    'Florian',
    'Gideon',
    'Hakon',
    'Ivo',
    'Jasper',
    'Konrad',
    'Leander',
  ],
} as const

export const familyNames = [
  'Ashvale',
  'Birkmoor',
  'Calderwick',
  'Drumlanrig',
  'Eastermere',
  'Fallowby',
  'Gorsefield',
  'Hollinshade',
  'Inglethorp',
  'Jarrowby',
  'Kestrelton',
  'Larkmoor',
  'Maplethorn',
  'Netherby',
  'Oakhanger',
  'Penwhistle',
  'Quillbrook',
  'Rowanside',
  'Silverdene',
  'Thistlewood',
  'Underhill-Vey',
  'Vandermoss',
  'Wexcombe',
  'Yarrowfield',
] as const

export const clinicians = ['Dr. Mirela Ostrander', 'Dr. Tobias Fennimore', 'Dr. Aveline Crosswater'] as const

export const streets = [
  'Heron Lane',
  'Millrace Road',
  'Foxglove Terrace',
  'Orchard Rise',
  'Saltmarsh Way',
] as const

export const cities = [
  { city: 'Larkspur Falls', state: 'WA', postalCode: '98099', area: '206' },
  { city: 'Pinecrest Bay', state: 'OR', postalCode: '97099', area: '503' },
  { city: 'Stonebridge', state: 'ID', postalCode: '83099', area: '208' },
] as const

/** SNOMED CT and ICD-10-CM code of a diagnosis, with what is told, prescribed (RxNorm) and measured for it. */
export const diagnoses = [
  {
    snomed: '44054006',
    icd: 'E11.9',
    text: 'Type 2 diabetes mellitus',
    drug: {
      rxnorm: '860975',
      text: 'metformin hydrochloride 500 MG Extended Release Oral Tablet',
      dose: 'Take 1 tablet twice a day with meals',
    },
    complaint: 'increased thirst and fatigue',
  },
  {
    snomed: '59621000',
    icd: 'I10',
    text: 'Essential hypertension',
    drug: { rxnorm: '314076', text: 'lisinopril 10 MG Oral Tablet', dose: 'Take 1 tablet in the morning' },
    complaint: 'headaches in the morning',
  },
  {
    snomed: '195967001',
    icd: 'J45.909',
    text: 'Asthma',
    drug: {
      rxnorm: '745679',
      text: 'albuterol 0.09 MG/ACTUAT Metered Dose Inhaler',
      dose: '2 puffs as needed',
    },
    complaint: 'wheezing at night',
  },
  {
    snomed: '35489007',
    icd: 'F32.9',
    text: 'Depressive disorder',
    drug: { rxnorm: '312940', text: 'sertraline 50 MG Oral Tablet', dose: 'Take 1 tablet in the evening' },
    complaint: 'low mood and poor sleep',
  },
  {
    snomed: '40930008',
    icd: 'E03.9',
    text: 'Hypothyroidism',
    drug: {
      rxnorm: '966222',
      text: 'levothyroxine sodium 0.05 MG Oral Tablet',
      dose: 'Take 1 tablet before breakfast',
    },
    complaint: 'feeling cold and tired',
  },
  {
    snomed: '396275006',
    icd: 'M19.90',
    text: 'Osteoarthritis',
    drug: {
      rxnorm: '198440',
      text: 'acetaminophen 500 MG Oral Tablet',
      dose: 'Take 1 tablet every 6 hours as needed',
    },
    complaint: 'stiff knees',
  },
] as const

/** LOINC code, name and unit of a measurement, with the range that values are drawn from. */
export const measurements = [
  { loinc: '8867-4', text: 'Heart rate', unit: '/min', low: 58, high: 96 },
  { loinc: '8480-6', text: 'Systolic blood pressure', unit: 'mm[Hg]', low: 104, high: 158 },
  { loinc: '29463-7', text: 'Body weight', unit: 'kg', low: 52, high: 108 },
  { loinc: '4548-4', text: 'Hemoglobin A1c', unit: '%', low: 5, high: 9 },
] as const
