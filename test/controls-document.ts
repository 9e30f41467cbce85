// docs/controls.md: the auditor's document and the test suite are one source.

import { citations } from '../core/citations.ts'
import { claimsInTests } from './claims.ts'
import { type Requirement, requirements } from './requirements.ts'

export async function controlsDocument(): Promise<string> {
  const claims = await claimsInTests()
  const rows = Object.entries(requirements as Record<string, Requirement>).map(
    ([id, { control, state, claim, note }]) => {
      const tests = (claims.get(id) ?? []).map((file) => `\`${file}\``).join('<br>')
      return `| \`${id}\` | 45 CFR ${citations[control]} | ${state} | ${claim}${note === undefined ? '' : ` *(${note})*`} | ${tests || '–'} |`
    },
  )
  return [
    '# Controls',
    '',
    'For privacy and compliance officers, and auditors: each claim of the product, the section of the rule that it serves, and the tests that hold it.',
    '',
    'Generated from `test/requirements.ts` by `node test/generate.ts`. *done*: the whole claim holds and is tested.',
    '*thin*: it holds as far as the note says. *planned*: nothing is claimed yet.',
    '',
    '| requirement | section | state | claim | tests |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}
