// The first policy of a server: narrow tools carved out of broad ones, fields by type of FHIR or by schema, each with its
// reason; what is left out, with what to do. Pure: the same catalogue gives the same proposal.

import { breadthOf } from '../../core/lint/broad-tools.ts'
import { isCleanName, narrowed } from './arguments.ts'
import { carved, whole } from './carve.ts'
import type { Catalogue, ListedTool, Schema } from './catalogue.ts'
import { leavesOf } from './leaves.ts'
import { described, isRefused, membersOf, narrowTool, returnsByLeaves } from './narrow-tool.ts'
import { type Answer, beyond, type LeftOut, type ProposedTool, type Tools, unnamed } from './proposal.ts'
import { topicOf, wordsOf } from './topics.ts'

/** Most tools that a HipaaMcpServer holds. */
const mostTools = 64

/** `shapes`: of results that were sampled, by the tool that gave them. */
export function proposeTools({ tools }: Catalogue, shapes: ReadonlyMap<string, Schema>): Tools {
  const proposed: ProposedTool[] = []
  const left: LeftOut[] = []
  for (const tool of tools) {
    if (!isCleanName(tool.name)) {
      left.push(unnamed('a tool'))
      continue
    }
    const shape = shapes.get(tool.name) ?? tool.outputSchema
    const answer =
      writes(tool) ??
      queries(tool) ??
      carved(tool, shape) ??
      whole(tool) ??
      searches(tool) ??
      narrow(tool, shape)
    if ('left' in answer) left.push({ name: tool.name, ...answer.left })
    else {
      proposed.push(...answer.tools)
      left.push(...(answer.besides ?? []))
    }
  }
  const named = unique(proposed)
  return { tools: named.slice(0, mostTools), left: [...left, ...beyond(named, mostTools)] }
}

/** First words of tools that change something. */
const verbs = new Set(
  `add append apply approve archive assign book cancel change close complete create delete discharge discontinue dispense
  edit enroll execute import insert link log mark merge modify move order patch post prescribe publish put record refill
  register reject release remove rename replace reschedule reset restore revoke save schedule send set share sign start stop
  store submit transfer update upload upsert void write`.split(/\s+/),
)

/** What makes a verb before it a noun: `order_history`. */
const nouns = new Set('history histories list lists status summary details count'.split(' '))

function writes({ name, annotations, description }: ListedTool): Answer | undefined {
  const { readOnlyHint, destructiveHint } = annotations
  const [first = '', second = ''] = wordsOf(name)
  const by =
    // Hints are the server's own word: they may add to what its name says, and take nothing from it.
    verbs.has(first) && !nouns.has(second)
      ? `its name says ${first}`
      : destructiveHint === true && readOnlyHint !== true
        ? 'the server marks it destructive'
        : readOnlyHint === false
          ? 'the server marks it as not read-only'
          : undefined
  if (by === undefined) return undefined
  const deletes =
    /^(?:delete|remove|void|merge|discontinue)$/.test(first) || /\bdelet|\bremov/i.test(description)
  return {
    left: {
      why: `it changes records: ${by}`,
      instead: `what is done cannot be taken back by a redaction.${deletes ? ' Leave deleting out for good if you can.' : ''} If agents must do it: a role of its own, arguments with enum or pattern for each, fields for the confirmation alone`,
    },
  }
}

/** Arguments in which a caller writes what is done. */
const powerful =
  /^(?:q|query|sql|statement|cypher|graphql|expression|command|script|code|url|uri|path|file_?(?:name|path)?|fhir_?path)$/i

function queries({ name, inputSchema }: ListedTool): Answer | undefined {
  const breadth = breadthOf(name)
  const argument = Object.keys(membersOf(inputSchema)).find((one) => powerful.test(one))
  const runs = breadth !== undefined && /runs|addresses|files/.test(breadth.what)
  if (!runs && (argument === undefined || topicOf(name) !== undefined || isSearch(name))) return undefined
  return {
    left: {
      why: `${runs ? `it ${breadth.what}` : `${argument} takes whatever the caller writes`}: who calls it makes the policy`,
      instead:
        'offer a tool for each question, with the query as a constant in with: and its values as arguments',
    },
  }
}

function isSearch(name: string): boolean {
  return (
    breadthOf(name)?.what === 'searches over patients' ||
    /^(?:search|find|lookup|list_patients)/.test(wordsOf(name).join('_'))
  )
}

/** A search over people. One that asks for the patient is as narrow as another question. */
function searches(tool: ListedTool): Answer | undefined {
  if (!isSearch(tool.name)) return undefined
  const args = narrowed(tool.inputSchema, [], `${tool.name} ${tool.description}`)
  if (!('refused' in args) && args.patient !== undefined) return undefined
  return {
    left: {
      why: 'it searches over patients: who is a patient of yours is PHI by itself, and a name finds others of that name',
      instead:
        'let agents be told the identifier. If they must search: require one exact identifier (patient: /mrn) in a role with patients: Panel, and return no names',
    },
  }
}

/** A tool about one question, or with a schema that says what it returns. */
function narrow(tool: ListedTool, shape: Schema | undefined): Answer {
  const topic = topicOf(tool.name) ?? topicOf(tool.description.split(/[.;:]/, 1)[0] ?? '')
  if (topic !== undefined) {
    const made = narrowTool(
      tool,
      topic,
      {},
      shape,
      'the server’s own tool, cut to the fields below',
      tool.name,
    )
    return isRefused(made) ? made : { tools: [made] }
  }
  const args = narrowed(tool.inputSchema, [], `${tool.name} ${tool.description}`)
  if ('refused' in args)
    return { left: { why: args.refused, instead: 'write its arguments and fields by hand' } }
  if (shape === undefined)
    return {
      left: {
        why: 'nothing says what it returns: it has no output schema, and its name is none we know',
        instead:
          'hipaa-mcp init --sample "NAME {arguments}" reads the shape of one result (names and types, no values)',
      },
    }
  const leaves = leavesOf(shape)
  const returns = returnsByLeaves(leaves, '')
  if (returns.fields.length === 0)
    return {
      left: {
        why: 'every field of it identifies somebody by its name',
        instead: 'look at its output schema',
      },
    }
  if (args.patient === undefined && leaves.patients.length > 0)
    return {
      left: {
        why: 'it returns patients and takes none: nobody can say before the call whom it is about',
        instead: 'offer it to a role with patients: Any and a low patientsPerHour only, or not at all',
      },
    }
  return {
    tools: [
      {
        name: tool.name,
        from: tool.name,
        says: described(tool, `What ${tool.name} of the server returns, cut to fields`),
        why: 'fields by its output schema, leaf by leaf',
        arguments: args,
        with: {},
        returns,
        role: 'clinician',
        many: true,
      },
    ],
  }
}

/** A name is one tool's: the second with it is called after the tool that it comes from. */
function unique(tools: readonly ProposedTool[]): ProposedTool[] {
  const seen = new Set<string>()
  return tools.map((tool) => {
    let name = tool.name
    if (seen.has(name)) name = `${tool.name}_of_${tool.from}`.slice(0, 120)
    while (seen.has(name)) name = `${name}_2`
    seen.add(name)
    return { ...tool, name }
  })
}
