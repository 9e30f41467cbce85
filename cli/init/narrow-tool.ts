// One narrow tool: its arguments, its constants, and the fields that answer its question.

import type { Json } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { isClean, narrowed } from './arguments.ts'
import type { ListedTool, Schema } from './catalogue.ts'
import { type Leaves, leavesOf } from './leaves.ts'
import type { LeftOut, ProposedReturns, ProposedTool } from './proposal.ts'
import { type Topic, topicOf, topicOfType } from './topics.ts'

type Refused = { readonly left: Omit<LeftOut, 'name'> }

export function isRefused(made: ProposedTool | Refused): made is Refused {
  return 'left' in made
}

/** One narrow tool. Left out where the server demands what a narrow tool must not have, or names no patient. */
export function narrowTool(
  tool: ListedTool,
  topic: Topic,
  constants: { readonly [name: string]: Json },
  shape: Schema | undefined,
  why: string,
  name: string = topic.tool,
): ProposedTool | Refused {
  const args = narrowed(tool.inputSchema, Object.keys(constants), `${tool.name} ${tool.description}`)
  if ('refused' in args)
    return {
      left: {
        why: args.refused,
        instead: 'write its arguments by hand, each with an enum, a pattern or a constant in with:',
      },
    }
  if (args.patient === undefined)
    return {
      left: {
        why: 'it returns patient data and no argument names the patient: nobody can say before the call whom it is about',
        instead: 'give the server’s tool a patient argument, or offer it only to a role with patients: Any',
      },
    }
  const returns = returnsOf(topic, shape, name === tool.name)
  if (returns.fields.length === 0)
    return {
      left: {
        why: 'all that it holds identifies somebody by its name',
        instead: 'look at its output schema',
      },
    }
  return {
    name,
    from: tool.name,
    says: name === tool.name ? described(tool, topic.says) : topic.says,
    why,
    arguments: args,
    with: constants,
    returns,
    role: topic.role,
    many: topic.type !== 'Patient',
  }
}

/** By type of FHIR, unless a schema or a sample shows that it is none. `alone`: the result is about this topic as a whole. */
function returnsOf(topic: Topic, shape: Schema | undefined, alone: boolean): ProposedReturns {
  const byType: ProposedReturns = { fields: topic.fields, without: [topic.without], patients: [] }
  if (shape === undefined) return byType
  const leaves = leavesOf(shape)
  if (leaves.types.includes(topic.type)) return byType
  const members = Object.keys(membersOf(shape))
  const part = members.find((name) => topicOf(name) === topic)
  if (part === undefined && !alone) return byType
  const own = returnsByLeaves(leaves, part === undefined ? '' : `/${part}`)
  return own.fields.length > 0 || own.without.length > 0 ? own : byType
}

export function returnsByLeaves({ fields, left, patients, types }: Leaves, below: string): ProposedReturns {
  const within = ({ path }: { readonly path: string }): boolean =>
    path === below || path.startsWith(`${below}/`)
  return {
    fields: [
      ...fields.filter(within),
      ...(below === '' ? types.flatMap((type) => topicOfType(type)?.fields ?? []) : []),
    ],
    without: left.filter(within).map(({ path, why }) => `${path}: ${why}`),
    patients,
  }
}

/** The server’s own words, where they hold nothing that identifies. */
export function described({ description }: ListedTool, otherwise: string): string {
  const [first = ''] = description.split('\n')
  const text = first.trim()
  return text !== '' && text.length <= 200 && isClean(text) ? text : otherwise
}

export function membersOf({ properties }: Schema): { readonly [name: string]: unknown } {
  return isObject(properties) ? properties : {}
}
