/** A number and what it counts, as people read it: `1 call`, `1,204 calls`. */
export function counted(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`
}
