// docs/first-policy.md shows what the commands print: each output in it stands behind a comment with its command.

import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { records } from '../sample/fhir.ts'
import { hipaaMcp } from '../support/command-line.ts'

const root = join(import.meta.dirname, '../..')
const document = readFileSync(join(root, 'docs/first-policy.md'), 'utf8')
const shown = [...document.matchAll(/<!-- hipaa-mcp (.*) -->\n```\n((?:\$ .*\n)?)([^]*?)\n```/g)].map(
  ([, command = '', , output = '']) => ({ command, output }),
)

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hipaa-mcp-first-policy-'))
  const [sample] = records(1, 1)
  const { patient, conditions, subject } = sample as NonNullable<typeof sample>
  copyFileSync(join(root, 'test/golden/init-sample-ehr.yaml'), join(folder, 'ehr.yaml'))
  writeFileSync(join(folder, 'args.json'), JSON.stringify({ patient_id: patient.id }))
  writeFileSync(join(folder, 'result.json'), JSON.stringify({ patient, conditions, subject }))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the document shows what each of its commands prints', async () => {
  expect(shown.length).toBe(3)
  for (const { command, output } of shown) {
    const args = command
      .split(' ')
      .map((word) =>
        word.replace(
          /^(@?)(ehr\.yaml|args\.json|result\.json)$/,
          (_, at: string, name: string) => `${at}${join(folder, name)}`,
        ),
      )
    const { screen } = await hipaaMcp(args)
    expect(screen.trimEnd(), command).toBe(output)
  }
})
