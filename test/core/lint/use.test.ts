import { describe, expect, test } from 'vitest'
import { lintServer, lintUse } from '../../../core/lint/lint.ts'
import { follow, noUse, useRules } from '../../../core/lint/use.ts'
import { verifies } from '../../verifies.ts'
import { anIntent, aResult } from '../records.ts'
import { aCleanServer, context } from './a-server.ts'
import { someUse, useCases, usedServer } from './cases.ts'

const month = { days: 30, wanted: 30 }

describe('what a policy allows and nobody used', () => {
  verifies('minimum:linter-use', 'each part, role, purpose and field, once', () => {
    const found = lintUse(usedServer, someUse, month)

    expect(found.map(({ rule, place, severity }) => [rule, place, severity])).toEqual(
      useCases.map(([rule, place]) => [rule, place, 'warning']),
    )
    expect(useRules.map(({ id }) => id)).toEqual(useCases.map(([rule]) => rule))
  })

  verifies('minimum:linter-use', 'is a note as long as it was not watched for long enough', () => {
    const found = lintUse(usedServer, someUse, { days: 12, wanted: 30 })

    expect(new Set(found.map(({ severity }) => severity))).toEqual(new Set(['note']))
    expect(found[0]?.found).toBe('nobody called tool check_coverage in 12 days')
  })

  test('is accepted like any finding, and such a line is never told to be of no use', () => {
    const server = aCleanServer(undefined, 'unused-role roles/billing: invoices are written once a quarter')

    expect(lintServer(server, context)).toEqual([])
    expect(lintUse(server, someUse, month).find(({ rule }) => rule === 'unused-role')?.accepted).toBe(
      'invoices are written once a quarter',
    )
  })
})

describe('use is what records say', () => {
  const use = noUse()
  const take = follow(use)
  take(anIntent('list', { method: 'tools/list', tool: undefined } as never))
  take(anIntent('a', { tool: 'get_diagnosis', role: 'clinician', purpose: 'TREAT' }))
  take(anIntent('b', { tool: 'get_diagnosis', role: 'nurse', purpose: 'COC' }))
  take(aResult('b', { kept: { 'for[0] /code': 2 } }))
  take(aResult('a', { kept: { '/code': 1 } }))
  take(aResult('gone', { kept: { '/never': 1 } }))

  test('by call: a result belongs to its own intent, and a list of tools uses none', () => {
    expect(use.calls).toBe(2)
    expect([...use.parts]).toEqual([
      ['tools/get_diagnosis', { calls: 2, kept: new Set(['for[0] /code', '/code']) }],
    ])
    expect(use.roles.get('nurse')).toEqual({
      parts: new Set(['tools/get_diagnosis']),
      purposes: new Set(['COC']),
    })
  })

  test('and fields for some roles count apart from those for everybody', () => {
    const server = aCleanServer((spec) => {
      for (const tool of spec.tools.slice(0, 1))
        tool.returns = {
          fields: ['/code', '/onset'],
          for: [{ roles: ['clinician'], purposes: ['TREAT'], fields: ['/code', '/note'] }],
        }
    })
    const fields = lintUse(server, use, month).filter(({ rule }) => rule === 'unused-field')

    expect(fields.map(({ place }) => place)).toEqual([
      '/spec/tools/0/returns/fields/1',
      '/spec/tools/0/returns/for/0/fields/1',
    ])
  })
})
