// Days as FHIR and most others write them, of which nothing but the year may be left.

import { BORN } from './map'
import { DASHES, NINES, ZEROS } from './vectors'

/** 2024-03-05 */
export function isDay(at: usize): bool {
  const bytes = v128.load(at)
  const digits = i8x16.bitmask(i8x16.le_u(i8x16.sub(bytes, v128.load(ZEROS)), v128.load(NINES)))
  const dashes = i8x16.bitmask(i8x16.eq(bytes, v128.load(DASHES)))
  return (digits & 0x3ff) == 0x36f && (dashes & 0x3ff) == 0x90
}

/** The place of all days that leave as much as this one: see edit-reader.ts. */
export function bornOn(at: usize): usize {
  let day: u32 = 0
  for (let digit: usize = 0; digit < 10; digit += 1) if (digit != 4 && digit != 7) day = day * 10 + load<u8>(at + digit) - 0x30
  return BORN + (<usize>((day * 0x9e3779b1) >> 22) << 2)
}
