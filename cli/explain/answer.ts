// The question of `hipaa-mcp explain`, out of its command line and its files, and its answer: the decision, then the result.

import type { Policy, Role } from '../../core/policy.ts'
import { patientsNamed } from '../../core/redaction/patients.ts'
import { exitCodes, type Screen, textOf, UsageError, type Values } from '../command.ts'
import { objectFrom, textFrom, textOrFile } from '../lines.ts'
import { policyFrom } from '../policy-file.ts'
import { type Decision, decide, namedBy } from './decision.ts'
import { printJson } from './print-json.ts'
import { printText } from './print-text.ts'
import { type Explained, explainResult } from './result.ts'
import { kinds, type Target, targetOf } from './target.ts'

/** Resolves to the exit code: whether the call is permitted. */
export async function answer(values: Values, screen: Screen): Promise<number> {
  const question = await questionOf(values)
  const { decision, target, result, uri, policy, purpose, named, reach } = question
  const { role, steps } = decision
  const explained =
    role === undefined || target === undefined || result === undefined
      ? undefined
      : explainResult(await textFrom(result), {
          target,
          policy,
          role,
          purpose,
          uri,
          named,
          reach: role.patients === 'Any' ? undefined : reach,
        })
  steps.push(...(explained?.steps ?? []))
  const permitted = steps.every(({ passed }) => passed !== false)
  const print = values['json'] === true ? printJson : printText
  print(question, { permitted, explained, withValues: values['values'] === true }, screen)
  return permitted ? exitCodes.ok : exitCodes.findings
}

const argsWant = '--args wants a JSON object, such as {"patient_id":"p-1"}, or @FILE'

export type Question = {
  policy: Policy
  roles: readonly Role[]
  purpose: string
  /** As it was asked for. */
  asked: string
  target: Target | undefined
  uri: string | undefined
  result: string | undefined
  /** Patients whom the arguments name, where any are given. */
  named: readonly string[]
  reach: readonly string[] | undefined
  decision: Decision
}

export type Answer = {
  permitted: boolean
  /** Of the result, where one was given and the call is permitted. */
  explained: Explained | undefined
  /** Whether what stands in each place is printed: it may be PHI. */
  withValues: boolean
}

async function questionOf(values: Values): Promise<Question> {
  const file = wanted(values, 'file', 'the manifest')
  const as = wanted(values, 'as', 'a role of the policy, such as clinician')
  const purpose = wanted(values, 'purpose', 'a purpose of use, such as TREAT')
  const given = Object.keys(kinds).filter((option) => textOf(values, option) !== undefined)
  const [option] = given as (keyof typeof kinds)[]
  if (option === undefined || given.length > 1)
    throw new UsageError('explain wants exactly one of --tool, --resource, --prompt')
  const result = textOf(values, 'result')
  if (file === '-' && result === '-')
    throw new UsageError('Only one of --file and --result can be standard input')
  const asked = textOf(values, option) as string
  const reach = await patientsOf(textOf(values, 'patients'))
  const text = textOf(values, 'args')
  const args = text === undefined ? undefined : await objectFrom(text, argsWant)
  const policy = await policyFrom(file, textOf(values, 'server'))
  const roles = as.split(',').map((name) => {
    const role = policy.roles.find((one) => one.name === name)
    if (role !== undefined) return role
    throw new UsageError(
      `The policy has no role ${name}: it has ${policy.roles.map((one) => one.name).join(', ')}`,
    )
  })
  const target = targetOf(policy, kinds[option], asked)
  const decision: Decision =
    target === undefined
      ? {
          role: undefined,
          steps: [{ rule: 'role', passed: false, says: `the policy lists no such ${option}` }],
        }
      : decide(roles, purpose, target, args, reach)
  const uri = option === 'resource' ? asked : undefined
  const named = target === undefined ? [] : patientsNamed(namedBy(target, args))
  return { policy, roles, purpose, asked, target, uri, result, named, reach, decision }
}

function wanted(values: Values, name: string, what: string): string {
  const text = textOf(values, name)
  if (text === undefined || text === '') throw new UsageError(`explain wants --${name}: ${what}`)
  return text
}

async function patientsOf(text: string | undefined): Promise<readonly string[] | undefined> {
  if (text === undefined) return undefined
  return (await textOrFile(text)).split(/[,\s]+/).filter((one) => one !== '')
}
