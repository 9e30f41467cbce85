// docs/policy-linter.md: every rule of the linter out of its table, with an example that the tests run.

import { formRules } from '../cli/check/judge.ts'
import { citations } from '../core/citations.ts'
import { type Finding, severities } from '../core/lint/finding.ts'
import { lintAgreement, lintServer, lintUse } from '../core/lint/lint.ts'
import { allRules } from '../core/lint/rules.ts'
import { aCleanAgreement, aCleanServer, context } from './core/lint/a-server.ts'
import { agreementCases, cases, known, someUse, usedServer } from './core/lint/cases.ts'

const severitySays = {
  error: 'It cannot work, or the law asks for a justification that is not there. `kubectl apply` is refused.',
  warning: 'Wider than it need be. `kubectl` shows it as a warning.',
  note: 'Worth a look. Only `hipaa-mcp check --severity note` shows it.',
} as const

export function policyLinterDocument(): string {
  return [
    '# The policy linter',
    '',
    'For whoever writes or signs a policy: what hipaa-mcp check, admission and status find in it, why, and what to write instead.',
    '',
    'Generated from `core/lint/rules.ts` by `node test/generate.ts`.',
    '',
    '```',
    'hipaa-mcp check ehr.yaml agreement.yaml      # or folders, or - for standard input',
    'hipaa-mcp check --sarif manifests > out.sarif',
    'hipaa-mcp check --trail trail ehr.yaml       # what is allowed, and was not used in 30 days',
    '```',
    '',
    'Objects of hipaa-mcp.dev are judged first as the API server does (fields, types, the rules of the kinds), then servers',
    'and agreements by the rules below. Objects of others are passed over. Agreements among the files count for the servers',
    'among them; give them with the same command. Exit code 0: nothing at the level of `--severity` (`warning`, unless told otherwise). 1:',
    'findings. 2: the command line is wrong. 3: a file cannot be read, or holds no object of ours.',
    '',
    'With `--trail` it reads an exported trail as well (`hipaa-mcp trail export`), verifies it, and names what the manifest',
    'allows and nobody used: the rules that begin with `unused`. Fields count by the rule that kept them, which records',
    'hold; a call under a break-glass grant counts like any other. Where the trail, or the policy in force, is younger than',
    '`--days`, what is found is a note: it is too early to take something away.',
    '',
    'Admission runs the same rules when an object is applied, with the agreements of the cluster. An error refuses; one that',
    'the object had before does not, so that it can be mended step by step, and neither does any while `spec.lockdown` is',
    'there. What it had under a lockdown counts as new when the lockdown is lifted: mend it first, or in the same change.',
    'Warnings come back to `kubectl`, six at most. When the operator is away objects are let in unjudged; it judges them',
    'when it is back, and `status` says what admission would have: `MinimumNecessary` is False.',
    '',
    'A finding that is right, and meant, is accepted by an annotation of the object, a line each: a rule, the part where',
    'it is meant for one alone, and the reason in ten characters or more. Reports show it with the reason. An error is',
    'never accepted.',
    '',
    '```yaml',
    'metadata:',
    '  annotations:',
    '    hipaa-mcp.dev/accepted: |',
    '      profile-development: a cluster without patients',
    '      limits-wide tools/list_labs: rounds ask for the whole ward',
    '```',
    '',
    '## Form',
    '',
    'What the API server would refuse. All are errors, and no other rule is asked about such an object.',
    '',
    '| rule | what it finds | why it matters |',
    '|---|---|---|',
    ...formRules.map(({ id, about, why }) => `| \`${id}\` | ${cell(about)} | ${cell(why)} |`),
    '',
    ...severities.flatMap((severity) => [
      `## ${severity[0]?.toUpperCase()}${severity.slice(1)}s`,
      '',
      severitySays[severity],
      '',
      '| rule | 45 CFR | what it finds | why it matters | what to write, for example |',
      '|---|---|---|---|---|',
      ...allRules
        .filter((rule) => rule.severity === severity)
        .map(
          ({ id, control, about, why }) =>
            `| \`${id}\` | ${citations[control]} | ${cell(about)} | ${cell(why)} | ${cell(exampleOf(id))} |`,
        ),
      '',
    ]),
  ].join('\n')
}

/** What the first case of a rule is told to write. */
function exampleOf(id: string): string {
  const found = [...serverFindings(id), ...agreementFindings(id), ...unusedFindings].find(
    ({ rule }) => rule === id,
  )
  return found === undefined ? 'see above' : found.write
}

const unusedFindings = lintUse(usedServer, someUse, { days: 30, wanted: 30 })

function serverFindings(id: string): Finding[] {
  return cases
    .filter(([rule]) => rule === id)
    .slice(0, 1)
    .flatMap(([, , change]) => lintServer(aCleanServer(change), known))
}

function agreementFindings(id: string): Finding[] {
  return agreementCases
    .filter(([rule]) => rule === id)
    .flatMap(([, , changes]) => lintAgreement(aCleanAgreement(changes), context))
}

/** A star would make what follows it slanted. */
const cell = (text: string): string => text.replaceAll(/[|*<]/g, String.raw`\$&`)
