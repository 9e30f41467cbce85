// Durations as users write them: `15m`, `8h`, `365d`.

const seconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** Seconds in a duration such as `90s`, `15m`, `8h` or `365d`; undefined when the text is none. */
export function secondsIn(text: string): number | undefined {
  const match = /^([1-9][0-9]{0,5})([smhd])$/.exec(text)
  if (match === null) return undefined
  return Number(match[1]) * seconds[match[2] as keyof typeof seconds]
}
