// What Safe Harbor lets stay of a ZIP code, an age and a date (45 CFR 164.514(b)(2)(i)(B), (C)). Pure; no clock.

import { words } from '../words.ts'

/**
 * Beginnings of ZIP codes whose areas have 20,000 people or fewer: those of the Census of 2000, which the guidance of HHS
 * lists (2012), and those that were added by the areas of the Census of 2010. Both count: stricter is not wrong. An area
 * that the Census of 2020 made small is not among them.
 */
const smallAreas = words(`
  036 059 063 102 202 203 204 205 369 556 692 753 772 790 821 823 830 831 878 879 884 890 893
`)

/** The first three digits of a ZIP code, 000 where too few people live there. Undefined for what is no ZIP code. */
export function zipArea(zip: string): string | undefined {
  const area = /^\s{0,8}(\d{3})\d{2}(?:-?\d{4})?\s{0,8}$/.exec(zip)?.[1]
  return area !== undefined && smallAreas.has(area) ? '000' : area
}

/** Ages from here on are one group. */
export const oldest = 90

/** A date as FHIR and JSON Schema write it, of whatever precision: its year, and the rest. */
const wholeDate =
  /^(\d{4})(?:-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?)?)?$/

/** The year of a date. Undefined for what is none. */
export function yearOf(date: string): string | undefined {
  return wholeDate.exec(date)?.[1]
}
