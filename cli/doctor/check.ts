// A line of the doctor's: what was looked at, how it is, and what to do.

export type Check = {
  part: 'installation' | 'storage' | 'server' | 'pod'
  name: string
  state: 'ok' | 'wrong' | 'unknown'
  /** What is, and where it is not well what to do next. */
  says: string
}

type Part = Check['part']
export const ok = (part: Part, name: string, says: string): Check => ({ part, name, state: 'ok', says })
export const wrong = (part: Part, name: string, says: string): Check => ({ part, name, state: 'wrong', says })
export const unknown = (part: Part, name: string, says: string): Check => ({
  part,
  name,
  state: 'unknown',
  says,
})
