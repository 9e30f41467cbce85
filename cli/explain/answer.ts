// The answer of `hipaa-mcp explain`: the decision, then the result, as text or as JSON.

import type { Json, JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { valueAt } from '../../core/pointer.ts'
import type { Policy, Role } from '../../core/policy.ts'
import { redactText } from '../../core/redaction/text.ts'
import { exitCodes, type Screen, textOf, UsageError, type Values } from '../command.ts'
import { textFrom } from '../lines.ts'
import { policyFrom } from '../policy-file.ts'
import { columns } from '../table.ts'
import { type Decision, decide } from './decision.ts'
import { type Explained, explainResult, type Part } from './result.ts'
import { kinds, type Target, targetOf } from './target.ts'
import { type Row, rowsOf, treeOf } from './tree.ts'

/** Resolves to the exit code: whether the call is permitted. */
export async function answer(values: Values, screen: Screen): Promise<number> {
  const question = await questionOf(values)
  const { decision, target, result, uri, policy, purpose, reach } = question
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
          reach: role.patients === 'Any' ? undefined : reach,
        })
  steps.push(...(explained?.steps ?? []))
  const permitted = steps.every(({ passed }) => passed !== false)
  const withValues = values['values'] === true
  if (values['json'] === true)
    screen.out(JSON.stringify(asJson(question, permitted, explained, withValues), null, 2))
  else print(question, permitted, explained, withValues, screen)
  return permitted ? exitCodes.ok : exitCodes.findings
}

type Question = {
  policy: Policy
  roles: readonly Role[]
  purpose: string
  /** As it was asked for. */
  asked: string
  target: Target | undefined
  uri: string | undefined
  result: string | undefined
  reach: readonly string[] | undefined
  decision: Decision
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
  const args = await argumentsOf(textOf(values, 'args'))
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
  return { policy, roles, purpose, asked, target, uri, result, reach, decision }
}

function wanted(values: Values, name: string, what: string): string {
  const text = textOf(values, name)
  if (text === undefined || text === '') throw new UsageError(`explain wants --${name}: ${what}`)
  return text
}

async function patientsOf(text: string | undefined): Promise<readonly string[] | undefined> {
  if (text === undefined) return undefined
  const list = text.startsWith('@') ? await textFrom(text.slice(1)) : text
  return list.split(/[,\s]+/).filter((one) => one !== '')
}

async function argumentsOf(text: string | undefined): Promise<JsonObject | undefined> {
  if (text === undefined) return undefined
  const json = text.startsWith('@') ? await textFrom(text.slice(1)) : text
  try {
    const value: unknown = JSON.parse(json)
    if (isObject(value)) return value as JsonObject
  } catch {
    // Said below: the parser's own words would quote it.
  }
  throw new UsageError('--args wants a JSON object, such as {"patient_id":"p-1"}, or @FILE')
}

const marks = { true: 'yes', false: 'no', undefined: '-' } as const

function print(
  { roles, purpose, asked, decision }: Question,
  permitted: boolean,
  explained: Explained | undefined,
  withValues: boolean,
  screen: Screen,
): void {
  const who = roles.map(({ name }) => name).join(', ')
  screen.out(`${who} for ${purpose}: ${asked} is ${permitted ? 'permitted' : 'refused'}`)
  for (const line of columns(
    decision.steps.map(({ rule, passed, says }) => [`  ${rule}`, marks[`${passed}`], says]),
    screen.width,
  ))
    screen.out(line)
  if (explained === undefined) return
  for (const part of explained.parts) printPart(part, explained, withValues, screen)
  const sums = sumsOf(explained)
  screen.out('')
  screen.out(
    `Places: ${sums.kept} kept, ${sums.redacted} redacted, ${sums.dropped} dropped. Patients recorded: ${explained.patients}`,
  )
}

function printPart(part: Part, explained: Explained, withValues: boolean, screen: Screen): void {
  screen.out('')
  if (part.says !== undefined) {
    for (const line of columns([[part.at, part.says]], screen.width)) screen.out(line)
    return
  }
  const rows = rowsOf(treeOf(part.fates, explained.nameOf, part.document), !withValues)
  const whole = rows.length === 1 && rows[0]?.name === ''
  if (!whole) screen.out(part.at)
  const lines = rows.map((row) => [
    whole ? part.at : fitted(`${'  '.repeat(row.depth + 1)}${row.name}`),
    row.verdict === undefined ? '' : `${row.verdict} ${row.count ?? ''}`.trim(),
    row.verdict === undefined ? '' : reasonOf(row, explained),
  ])
  for (const line of columns(lines, screen.width)) screen.out(line)
  if (withValues) for (const line of valuesOf(part, explained)) screen.out(line)
}

/** Longest name of a place, with its indent, characters. */
const longestName = 38

function fitted(name: string): string {
  return name.length <= longestName ? name : `${name.slice(0, longestName - 1)}…`
}

/** Why a place was dropped, by the word of the tally. */
const reasons: { readonly [word: string]: string } = {
  'not-allowed': 'no field names it',
  identifier: 'it holds an identifier, and cannot be redacted',
  date: 'a date, and redaction.dates is Drop',
  encoded: 'encoded: it cannot be looked into',
  text: 'returns.text is Drop',
  meta: 'room of the protocol for anything: no policy names it',
  'member-name': 'the member’s own name identifies somebody',
  'content-unknown': 'a content block of no known kind',
  'content-like-json': 'like JSON and none: fields cannot judge it',
  'content-like-xml': 'a record in XML: fields cannot judge it',
  'content-like-hl7v2': 'a record in HL7 v2: fields cannot judge it',
  'content-encoded': 'nothing but base64: that is no text',
  'content-resource': 'its URI is the server’s own text, and returns.text is not Keep',
  'resource-uri': 'its URI holds an identifier',
}

function reasonOf({ verdict, rule = '', found = {} }: Row, { rules, returns }: Explained): string {
  if (verdict === 'dropped') {
    if (rule.startsWith('content-') && reasons[rule] === undefined) return `returns.media is ${returns.media}`
    return reasons[rule] ?? rule
  }
  const by = rule === '' ? '"" (the whole document)' : rule
  if (verdict === 'kept') return by
  const kinds = Object.entries(found).map(([kind, count]) => (count === 1 ? kind : `${kind} ×${count}`))
  return `${by}; ${kinds.join(', ')} by text ${rules.text}${'date' in found ? `, dates ${rules.dates}` : ''}`
}

function sumsOf({ parts }: Explained): { kept: number; redacted: number; dropped: number } {
  const sums = { kept: 0, redacted: 0, dropped: 0 }
  for (const { verdict } of parts.flatMap(({ fates }) => fates)) sums[verdict] += 1
  return sums
}

/** Each place with its value, and what leaves in its stead. */
function valuesOf({ fates, document }: Part, { known, rules }: Explained): string[] {
  if (document === undefined) return []
  return fates.map(({ path, verdict }) => {
    const value = valueAt(document, path)
    const at = `  /${path.join('/')}`
    if (verdict !== 'redacted') return `${at}: ${JSON.stringify(value)}  ${verdict}`
    const left =
      typeof value === 'string' ? redactText(value, known, rules, { redacted: {}, dropped: {} }) : value
    return `${at}: ${JSON.stringify(value)} → ${JSON.stringify(left)}`
  })
}

function asJson(
  { roles, purpose, asked, target, decision }: Question,
  permitted: boolean,
  explained: Explained | undefined,
  withValues: boolean,
): object {
  return {
    permitted,
    roles: roles.map(({ name }) => name),
    purpose,
    asked,
    ...(target === undefined ? {} : { kind: target.kind, name: target.name }),
    steps: decision.steps.map(({ rule, passed, says }) => ({ rule, passed: passed ?? null, says })),
    ...(explained === undefined
      ? {}
      : {
          patients: explained.patients,
          places: explained.parts.flatMap((part) => placesOf(part, explained)),
          ...(withValues ? { values: explained.parts.flatMap((part) => valuesIn(part)) } : {}),
        }),
  }
}

function placesOf({ at, fates, says, document }: Part, { nameOf }: Explained): object[] {
  if (says !== undefined) return [{ at, says }]
  const tree = treeOf(fates, nameOf, document)
  const places: object[] = []
  const walk = (node: typeof tree, path: string): void => {
    for (const { fate, count, found } of node.fates.values()) {
      const { verdict, rule } = fate
      places.push({ at: path, verdict, ...(verdict === 'dropped' ? { why: rule } : { rule }), count, found })
    }
    for (const [name, child] of node.below) walk(child, `${path}/${name}`)
  }
  walk(tree, at)
  return places
}

function valuesIn({ at, fates, document }: Part): { at: string; value: Json }[] {
  if (document === undefined) return []
  return fates.map(({ path }) => ({
    at: [at, ...path].join('/'),
    value: (valueAt(document, path) ?? null) as Json,
  }))
}
