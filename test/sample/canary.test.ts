// The search by itself: it must find, or its silence means nothing.

import { expect } from 'vitest'
import { verifies } from '../verifies.ts'
import { canary, searchFor, valuesOf } from './canary.ts'

const her = canary()
const values = valuesOf(her)
const search = searchFor(values)

// biome-ignore format: a table reads best as a table
const ways: readonly { row: string; write: (value: string) => string | Buffer }[] = [
  { row: 'as it is', write: (value) => `before ${value} after` },
  { row: 'in other letters', write: (value) => value.toUpperCase() },
  { row: 'in base64', write: (value) => Buffer.from(value).toString('base64') },
  { row: 'in base64 of something around it', write: (value) => Buffer.from(`{"a":"${value}"}`).toString('base64') },
  { row: 'in base64, one byte on', write: (value) => Buffer.from(`{"ab":"${value}"}`).toString('base64') },
  { row: 'in base64, two bytes on', write: (value) => Buffer.from(`{"abc":"${value}"}`).toString('base64url') },
  { row: 'in hexadecimal', write: (value) => Buffer.from(value).toString('hex') },
  { row: 'in a URL', write: (value) => `/mcp?patient=${encodeURIComponent(value)}` },
  { row: 'in a form', write: (value) => new URLSearchParams({ value }).toString() },
  { row: 'in JSON within JSON', write: (value) => JSON.stringify(JSON.stringify({ value })) },
  { row: 'among other bytes', write: (value) => Buffer.concat([Buffer.from([0, 255, 1]), Buffer.from(value), Buffer.from([0])]) },
]

for (const { row, write } of ways)
  verifies('transmission:canary', `a value is found ${row}`, () => {
    for (const [what, value] of Object.entries(values)) expect(search(write(value)), what).toContain(what)
  })

verifies('transmission:canary', 'another patient’s are not taken for hers', () => {
  for (let tries = 0; tries < 200; tries += 1) expect(search(JSON.stringify(canary().record))).toEqual([])
  expect(search(JSON.stringify(her.record)).toSorted()).toEqual(Object.keys(values).toSorted())
})
