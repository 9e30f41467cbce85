// Checksums that tell an identifier from a number of the same length.

/**
 * ISO/IEC 7812-1: payment cards; NPI with 80840 in front (45 CFR 162.406). Of the digits between two places of a text's
 * bytes, whatever stands between them.
 */
export function isLuhn(bytes: Uint8Array, start: number, end: number): boolean {
  let sum = 0
  let place = 0
  for (let i = end - 1; i >= start; i -= 1) {
    const digit = (bytes[i] as number) - 0x30
    if (digit < 0 || digit > 9) continue
    sum += place % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2
    place += 1
  }
  return sum % 10 === 0
}

const vinValues = '0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ'
const vinWeights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]

/** 49 CFR 565.15: the ninth of seventeen characters checks the others. */
export function isVin(text: string): boolean {
  let sum = 0
  for (let i = 0; i < 17; i += 1) {
    const value = vinValues.indexOf(text[i]?.toUpperCase() ?? '.')
    if (value < 0 || text[i] === '.') return false
    sum += (value % 10) * (vinWeights[i] as number)
  }
  const check = sum % 11
  return text[8]?.toUpperCase() === (check === 10 ? 'X' : String(check))
}

/** ISO 13616: the whole, its first four characters moved behind and letters as numbers from ten, is one more than a multiple of 97. */
export function isIban(text: string): boolean {
  const compact = text.replaceAll(' ', '').toUpperCase()
  let rest = 0
  for (const character of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    rest = (value > 9 ? rest * 100 + value : rest * 10 + value) % 97
  }
  return rest === 1
}

/** 21 CFR 1301.13 numbers of the DEA: two letters, six digits, and a digit that checks them. */
export function isDea(text: string): boolean {
  const digit = (i: number): number => text.charCodeAt(i + 2) - 0x30
  const sum = digit(0) + digit(2) + digit(4) + 2 * (digit(1) + digit(3) + digit(5))
  return sum % 10 === digit(6)
}
