// Narrow tools out of a broad one: by what its caller may choose, by the parts of what it returns, by types of FHIR.

import { isObject } from '../../core/is-object.ts'
import { breadthOf } from '../../core/lint/broad-tools.ts'
import { isCleanName } from './arguments.ts'
import type { ListedTool, Schema } from './catalogue.ts'
import { leavesOf } from './leaves.ts'
import { isRefused, membersOf, narrowTool } from './narrow-tool.ts'
import type { Answer, LeftOut, ProposedTool } from './proposal.ts'
import { freeText, topicOf, topicOfType, topics } from './topics.ts'

/** Arguments that choose parts of a record. */
const choosers =
  /^(?:sections?|include|includes|parts?|categor(?:y|ies)|resources?|resource_?types?|types?|data_?types?|kinds?|domains?|scopes?|modules?|_type)$/i

const justified =
  'an entire record wants its own justification, in writing (164.514(d)(5)): then list it with returns.reason'

/** A tool that hands out what its caller chooses: a narrow tool for each choice. */
export function carved(tool: ListedTool, shape: Schema | undefined): Answer | undefined {
  const chooser = Object.entries(membersOf(tool.inputSchema)).find(
    ([name, schema]) => choosers.test(name) && choicesIn(name, schema) !== undefined,
  )
  if (chooser === undefined) return carvedByShape(tool, shape)
  const [argument, schema] = chooser
  const { choices, list } = choicesIn(argument, schema) as Choices
  const tools: ProposedTool[] = []
  const besides: LeftOut[] = []
  for (const choice of choices) {
    const topic = topicOf(choice)
    const from = `${tool.name} with ${argument}: ${choice}`
    if (topic === undefined || freeText.has(choice.toLowerCase())) {
      besides.push({ name: from, ...unknownChoice(choice) })
      continue
    }
    const made = narrowTool(
      tool,
      topic,
      { [argument]: list ? [choice] : choice },
      shape,
      `one section of ${tool.name}, fixed by with`,
    )
    if (isRefused(made)) return made
    tools.push(made)
  }
  if (tools.length === 0) return undefined
  besides.push({
    name: tool.name,
    why: 'it hands out whole records: the narrow tools above ask it for one section each',
    instead: justified,
  })
  return { tools, besides }
}

function unknownChoice(choice: string): Omit<LeftOut, 'name'> {
  return freeText.has(choice.toLowerCase())
    ? {
        why: 'it is free text: names of relatives, places and dates stand anywhere in it, and no field list can cut it',
        instead:
          'leave it out, or add it in a role of its own with text: Redact, which is searched and measured, and misses some (docs/limits.md)',
      }
    : {
        why: 'what it holds cannot be told from its name',
        instead: 'look at it, and add a tool like those above with the fields that answer one question',
      }
}

type Choices = { choices: readonly string[]; list: boolean }

/** Types that a caller of any FHIR server may choose. */
const basicTypes = ['Condition', 'MedicationRequest', 'AllergyIntolerance', 'Observation']

function choicesIn(name: string, schema: unknown): Choices | undefined {
  if (!isObject(schema)) return undefined
  if (/resource_?type/i.test(name) && schema['type'] === 'string' && !('enum' in schema))
    return { choices: basicTypes, list: false }
  const items = schema['items']
  const values: unknown = schema['enum'] ?? (isObject(items) ? items['enum'] : undefined)
  if (!Array.isArray(values)) return undefined
  const choices = values.filter(
    (one): one is string =>
      typeof one === 'string' && /^[A-Za-z][A-Za-z0-9_-]{0,40}$/.test(one) && isCleanName(one),
  )
  return choices.some((one) => topicOf(one) !== undefined) ? { choices, list: 'items' in schema } : undefined
}

/** A broad tool whose result has parts that are questions of their own: a narrow tool for each part. */
function carvedByShape(tool: ListedTool, shape: Schema | undefined): Answer | undefined {
  if (shape === undefined || !isWhole(tool)) return undefined
  const types = leavesOf(shape).types.flatMap((type) => topicOfType(type) ?? [])
  const parts =
    types.length > 0 ? types : Object.keys(membersOf(shape)).flatMap((name) => topicOf(name) ?? [])
  const why = `one question of what ${tool.name} returns: the fields are the cut`
  const all = [...new Set(parts)].map((topic) => ({ topic, made: narrowTool(tool, topic, {}, shape, why) }))
  const made = all.flatMap((one) => (isRefused(one.made) ? [] : [one.made]))
  const refused = all.flatMap((one) =>
    isRefused(one.made) ? [{ name: `${one.topic.tool} of ${tool.name}`, ...one.made.left }] : [],
  )
  if (made.length === 0) return undefined
  return {
    tools: made,
    besides: [
      ...refused,
      {
        name: tool.name,
        why: 'it hands out whole records: the narrow tools above keep one part each',
        instead: justified,
      },
    ],
  }
}

function isWhole({ name, description }: ListedTool): boolean {
  const breadth = breadthOf(name)?.what ?? ''
  return (
    /as a whole|all that there is|many patients/.test(breadth) ||
    /\beverything\b|\b(?:whole|full|entire|complete) (?:patient |medical |health )?(?:record|chart|history)/i.test(
      description,
    )
  )
}

/** A broad tool of which nothing tells what is in it. */
export function whole(tool: ListedTool): Answer | undefined {
  if (!isWhole(tool)) return undefined
  const fhir = /\bfhir\b/i.test(`${tool.name} ${tool.description}`)
  if (fhir) {
    const basic = topics.filter(({ type }) => basicTypes.includes(type))
    const why = `one type of what ${tool.name} returns: the fields are the cut`
    const made = basic.map((topic) => narrowTool(tool, topic, {}, undefined, why))
    if (!made.some(isRefused))
      return { tools: made as ProposedTool[], besides: [{ name: tool.name, ...wholeRecord }] }
  }
  return { left: wholeRecord }
}

const wholeRecord: Omit<LeftOut, 'name'> = {
  why: 'it hands out whole records, and nothing says what is in them',
  instead:
    'hipaa-mcp init --sample "NAME {arguments}" reads the shape of one result (names and types, no values) and proposes fields; an entire record wants its own justification (164.514(d)(5))',
}
