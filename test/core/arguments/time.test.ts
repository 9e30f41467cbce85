// How long arguments take to judge, whatever they hold: nobody stops a pod by one call.

import { expect } from 'vitest'
import { argumentCheck } from '../../../core/argument-check.ts'
import type { JsonObject } from '../../../core/canonical.ts'
import { aTool } from '../../support/policy.ts'
import { verifies } from '../../verifies.ts'

const size = 200_000
const check = argumentCheck(
  aTool({
    arguments: {
      type: 'object',
      properties: {
        patient_id: {},
        question: { type: 'string' },
        mrn: { type: 'string', format: 'mrn' },
        since: { type: 'string', format: 'fhir-date' },
        at: { type: 'string', format: 'fhir-datetime' },
        of: { type: 'string', format: 'fhir-reference' },
        search: { type: 'string', format: 'fhir-search', 'x-fhir-search': ['code'] },
        limit: {},
      },
    },
    with: {},
  }),
)

function timeOf(args: JsonObject): number {
  const start = performance.now()
  check(args)
  return performance.now() - start
}

/** Tries of one that seems slow: others on the machine make some of them so. */
const tries = 12

/** Least time, milliseconds: of one that was not slow once nothing else need be known. */
function leastTimeOf(args: JsonObject, most = 0): number {
  let least = timeOf(args)
  for (let more = 1; more < tries && least > most; more += 1) least = Math.min(least, timeOf(args))
  return least
}

const pieces = [
  '*',
  ' ',
  '%',
  '?*',
  '. ',
  '.',
  '_',
  '-',
  '1',
  '1-',
  '12:',
  '0.',
  'a',
  'A',
  'Aa ',
  'a.',
  'a@',
  '@a.',
  '@',
  '/',
  'A/',
  '/A',
  'Patient/',
  'Patient/a/',
  'urn:uuid:',
  'http://',
  '|',
  'a|',
  ':',
  '::',
  ',',
  '$',
  '$a',
  '&',
  '=',
  'a=',
  '&a=',
  '%25',
  '%2',
  '+',
  '\n',
  '\t',
  '\r\n',
  '\u200b',
  '＊',
  '\u00ad',
  '\u0301',
  '(',
  '[',
  '{"',
  '"',
  "'",
  '<',
  'Dr. ',
  'SSN ',
  '2024-',
  '2024-01-01',
  'ge',
  'T',
  'Z',
  '\u{1d5d4}',
]
/** Long texts of one piece, as they are and with an end that none of them has. */
const hostile = pieces.flatMap((piece) => {
  const long = piece.repeat(Math.ceil(size / piece.length)).slice(0, size)
  return [`${long}x`, `x${long}!`]
})

verifies(
  'minimum:arguments',
  'no text takes much longer to judge than an ordinary one of its length',
  () => {
    const words = 'HbA1c and lipids of the last three months, with units and reference ranges; '
    const ordinary = words.repeat(Math.ceil(size / words.length)).slice(0, size)
    const usual = leastTimeOf({ patient_id: 'p-1', question: ordinary })
    const names = ['question', 'patient_id', 'mrn', 'since', 'at', 'of', 'search', 'limit']
    // Text that is nothing but digits is searched ten times as long; what grows faster than its length takes a thousand times.
    const most = 50 * usual
    const slow: string[] = []
    for (const text of hostile)
      for (const name of names) {
        const time = leastTimeOf({ patient_id: 'p-1', [name]: text }, most)
        if (time > most)
          slow.push(`${name} of ${JSON.stringify(text.slice(0, 12))}: ${time} ms, not ${usual}`)
      }

    expect(slow).toEqual([])
  },
  120_000,
)
