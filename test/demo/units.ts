// Numbers as Grafana writes them, for the units that the dashboard uses.

const scaled = (value: number, steps: readonly [number, string][], decimals?: number): string => {
  const [size, name] = steps.find(([size]) => Math.abs(value) >= size) ?? steps.at(-1) ?? [1, '']
  const number = value / size
  const digits = decimals ?? (Math.abs(number) >= 100 || number === 0 ? 0 : Math.abs(number) >= 10 ? 1 : 2)
  return `${number.toFixed(digits)}${name}`
}

const time: [number, string][] = [
  [86_400, ' days'],
  [3_600, ' hours'],
  [60, ' min'],
  [1, ' s'],
  [0.001, ' ms'],
  [0.000_001, ' µs'],
]
const short: [number, string][] = [
  [1_000_000, ' Mil'],
  [10_000, ' K'],
  [1, ''],
]
const each: Record<string, (value: number, decimals?: number) => string> = {
  s: (value, decimals) => scaled(value, time, Math.abs(value) < 60 ? undefined : Math.max(1, decimals ?? 1)),
  reqps: (value) => `${plain(value)} req/s`,
  cps: (value) => `${plain(value)} c/s`,
  short: (value, decimals) => (Math.abs(value) >= 10_000 ? scaled(value, short) : plain(value, decimals)),
}

const plain = (value: number, decimals = Math.abs(value) >= 10 || Number.isInteger(value) ? 0 : 2): string =>
  Number.isInteger(value) ? String(value) : value.toFixed(decimals)

/** A value with its unit; `decimals` where the panel fixes them. */
export function inUnit(value: number, unit = 'short', decimals?: number): string {
  return (each[unit] ?? ((number: number) => plain(number)))(value, decimals)
}
