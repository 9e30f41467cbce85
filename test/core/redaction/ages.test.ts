import { expect, test } from 'vitest'
import type { Json } from '../../../core/canonical.ts'
import { patternTree } from '../../../core/pointer.ts'
import { agesGrouped } from '../../../core/redaction/ages.ts'
import { look, survey } from '../../../core/redaction/survey.ts'
import { verifies } from '../../verifies.ts'

const grouped = (structured: Json): unknown => agesGrouped({ structured, blocks: [], texts: [] }).structured

/** How many ages over 89 the look over a document counts. */
function counted(document: Json): number {
  const known = survey()
  look(document, patternTree([]), known)
  return known.old
}

const old: { what: string; came: Json; shown: Json }[] = [
  { what: 'a number', came: { age: 95 }, shown: { age: 90 } },
  { what: 'a text', came: { patient_age: '95' }, shown: { patient_age: '90' } },
  { what: 'a text with its unit', came: { patientAge: '92 years' }, shown: { patientAge: '90 years' } },
  { what: 'a text with a short unit', came: { ageAtDeath: '95y' }, shown: { ageAtDeath: '90y' } },
  { what: 'a text as people say it', came: { age: '95 years old' }, shown: { age: '90 years old' } },
  { what: 'a text as notes have it', came: { age: '95 y/o' }, shown: { age: '90 y/o' } },
  { what: 'a name with a number', came: { age2: 95 }, shown: { age2: 90 } },
  { what: 'a name in small letters and large', came: { AgeAtVisit: 95 }, shown: { AgeAtVisit: 90 } },
  { what: 'items of a list', came: { age: [95, 12] }, shown: { age: [90, 12] } },
  { what: 'a list that is called so', came: { ages: [12, 95] }, shown: { ages: [12, 90] } },
  { what: 'years with months behind', came: { age: '93y 2m' }, shown: { age: '90y 2m' } },
  { what: 'a duration of ISO 8601', came: { age: 'P93Y2M' }, shown: { age: 'P90Y2M' } },
  { what: 'a man’s', came: { age: '93M' }, shown: { age: '90M' } },
  { what: 'one with a sex behind', came: { age: '93/M' }, shown: { age: '90/M' } },
  { what: 'one with a sex before', came: { age: 'M 93' }, shown: { age: 'M 90' } },
  { what: 'years with a sex', came: { age: '93y F' }, shown: { age: '90y F' } },
  {
    what: 'years among other words',
    came: { age: '93 years, widowed' },
    shown: { age: '90 years, widowed' },
  },
  { what: 'a range', came: { ageRange: '85-95' }, shown: { ageRange: '85-90' } },
  { what: 'a range with its unit', came: { age: '91 to 95 years' }, shown: { age: '90 to 90 years' } },
  { what: 'one that is written out', came: { currentAge: 'ninety-three' }, shown: { currentAge: '90' } },
  { what: 'another name for it', came: { years_old: 97 }, shown: { years_old: 90 } },
  {
    what: 'an object of its parts',
    came: { age: { years: 96, months: 3 } },
    shown: { age: { years: 90, months: 3 } },
  },
  {
    what: 'an object of its ends',
    came: { ageInMonths: { min: 12, max: 1200 } },
    shown: { ageInMonths: { min: 12, max: 1080 } },
  },
  {
    what: 'FHIR’s Range, whose ends have no comparator',
    came: { onsetRange: { low: { value: 85, code: 'a' }, high: { value: 96, code: 'a' } } },
    shown: { onsetRange: { low: { value: 85, code: 'a' }, high: { value: 90, code: 'a' } } },
  },
  { what: 'months of its name', came: { ageInMonths: 1140 }, shown: { ageInMonths: 1080 } },
  { what: 'days of its name', came: { age_days: 40_000 }, shown: { age_days: 32_872 } },
  {
    what: 'FHIR’s Age',
    came: { onsetAge: { value: 95, code: 'a' } },
    shown: { onsetAge: { value: 90, code: 'a', comparator: '>=' } },
  },
  {
    what: 'an Age whose value is a text',
    came: { age: { value: '95', unit: 'years' } },
    shown: { age: { value: '90', unit: 'years', comparator: '>=' } },
  },
  {
    what: 'an Age in months',
    came: { onsetAge: { value: 1140, code: 'mo' } },
    shown: { onsetAge: { value: 1080, code: 'mo', comparator: '>=' } },
  },
]
for (const { what, came, shown } of old)
  verifies('minimum:text', `an age over 89 is the group: ${what}`, () => {
    expect(grouped(came)).toEqual(shown)
    expect(counted(came)).toBe(1)
  })

const young: Json[] = [
  { ageInMonths: 95 },
  { age_days: 120 },
  { age_in_weeks: 92 },
  { age: '120 days' },
  { age: { value: 100, unit: 'mo' } },
  { gestationalAge: 280 },
  { gestational_age_days: 273 },
  { boneAge: 120 },
  { mental_age: 95 },
  { agePercentile: 97 },
  { page: 95, stage: '95', dosage: 120, percentage: 99, agent: 95 },
  { age: 'P93M', age_in_months: '95 m' },
  { age: '91 to 95 months', age_as_of: '2024-03-05', ageGroup: 'cohort 120 of Boise' },
  {
    age: { value: 100, unit: 'mo' },
    age_in_weeks: { min: 91, max: 95 },
    referenceRange: { low: { value: 95 } },
  },
  { age: 89, onsetAge: { value: 89.5, code: 'a' } },
]
for (const came of young)
  test(`${JSON.stringify(came)} stays as it is`, () => {
    expect(grouped(came)).toEqual(came)
    expect(counted(came)).toBe(0)
  })
