// Resources and prompts of the first policy. Addresses that a server lists may be those of patients: only templates, and
// addresses made of known words, are shown.

import { counted } from '../../core/counted.ts'
import { uriTemplate } from '../../core/uri-template.ts'
import { words } from '../../core/words.ts'
import { isClean, isCleanName, type Narrowed, narrowed, shown } from './arguments.ts'
import type { Catalogue } from './catalogue.ts'
import type { Role } from './classes.ts'
import { namesPatient } from './identifying.ts'
import { beyond, type LeftOut, type ProposedReturns, unnamed } from './proposal.ts'
import { freeText, topicOf, wordsOf } from './topics.ts'

export type ProposedResource = {
  readonly name: string
  readonly uri: string
  readonly says: string
  readonly patient: string
  readonly returns: ProposedReturns
  readonly role: Role
}
export type ProposedPrompt = {
  readonly name: string
  readonly says: string
  readonly arguments: Narrowed
  readonly role: Role
}

/** Most resources, and most prompts, that a HipaaMcpServer holds. */
const mostParts = 32

/** Templates that are about one question of one patient. */
export function proposeResources({ templates, resources }: Catalogue): {
  resources: ProposedResource[]
  left: LeftOut[]
} {
  const proposed: ProposedResource[] = []
  const left: LeftOut[] = []
  for (const uri of templates) {
    const variables = variablesIn(uri)
    if (
      variables === undefined ||
      uri.length > 512 ||
      !/^[A-Za-z][A-Za-z0-9+.-]*:[\x21\x22\x24-\x3e\x40-\x7e]+$/.test(uri) ||
      !isClean(uri)
    ) {
      left.push({
        name: 'a resource template',
        why: 'its address is more than words and simple variables (RFC 6570 level 1)',
        instead:
          'list it with an address of the form ehr://patients/{patient}/labs, if the server takes that',
      })
      continue
    }
    if (!isCleanName(uri)) {
      left.push(unnamed('a resource template'))
      continue
    }
    const plain = uri.replaceAll(/\{[^}]*\}/g, ' ')
    const topic = topicOf(plain.slice(plain.indexOf(':') + 1))
    const patient = variables.find((name) => namesPatient(name) || (name === 'id' && /patient/i.test(plain)))
    if (topic === undefined || patient === undefined) {
      left.push({
        name: uri,
        why:
          topic === undefined ? 'nothing says what it holds' : 'no variable of its address names the patient',
        instead: 'add it with the fields that answer one question, and say which variable is the patient',
      })
      continue
    }
    proposed.push({
      name: nameOf(topic.tool, proposed),
      uri,
      says: topic.says,
      patient,
      returns: { fields: topic.fields, without: [topic.without], patients: [] },
      role: topic.role,
    })
  }
  return {
    resources: proposed.slice(0, mostParts),
    left: [...left, ...concrete(resources), ...beyond(proposed, mostParts)],
  }
}

/** Addresses without variables. One that holds anything but words of programs is not even shown. */
function concrete(resources: readonly string[]): LeftOut[] {
  const general = resources.filter(isGeneral)
  const others = resources.length - general.length
  return [
    ...general.map((uri) => ({
      name: uri,
      why: 'nothing says what it holds',
      instead:
        'look at it; if agents need it, add it with fields, or fields: [""] and a reason where it holds no patient',
    })),
    ...(others === 0
      ? []
      : [
          {
            name: `${counted(others, 'resource')} whose addresses are not shown`,
            why: 'an address may name a patient',
            instead:
              'cover them by a template with a variable for the patient, such as ehr://patients/{patient}/labs',
          },
        ]),
  ]
}

const general =
  words(`schema schemas config configuration status docs documentation help about version info metadata
  capabilities capability codes codesystem codesystems valueset valuesets terminology formulary guideline guidelines
  template templates readme index list reference statistics`)

function isGeneral(uri: string): boolean {
  if (!/^[\x21-\x7e]{1,200}$/.test(uri)) return false
  const [, rest = ''] = /^[A-Za-z][A-Za-z0-9+.-]*:\/*([^?#]*)$/.exec(uri) ?? []
  const all = wordsOf(rest)
  return (
    all.length > 0 &&
    all.every((word) => general.has(word) || topicOf(word) !== undefined || freeText.has(word))
  )
}

function variablesIn(uri: string): readonly string[] | undefined {
  try {
    return uriTemplate(uri).variables
  } catch {
    // Not of the kind that policies have.
    return undefined
  }
}

function nameOf(name: string, others: readonly ProposedResource[]): string {
  const plain = name.replace(/^(?:get|list|check)_/, '')
  const same = others.filter((one) => one.name === plain || one.name.startsWith(`${plain}_`)).length
  return same === 0 ? plain : `${plain}_${same + 1}`
}

/** Prompts whose arguments are few and plain. Their text is the server's own. */
export function proposePrompts({ prompts }: Catalogue): { prompts: ProposedPrompt[]; left: LeftOut[] } {
  const proposed: ProposedPrompt[] = []
  const left: LeftOut[] = []
  for (const { name, description, arguments: args } of prompts) {
    if (!isCleanName(name)) {
      left.push(unnamed('a prompt'))
      continue
    }
    const input = {
      properties: Object.fromEntries(args.map((one) => [one.name, { type: 'string' }])),
      required: args.filter(({ required }) => required).map((one) => one.name),
    }
    const judged = narrowed(input, [], `${name} ${description}`)
    if ('refused' in judged)
      left.push({
        name,
        why: judged.refused,
        instead:
          'a prompt goes into a model as it is written: let it ask for codes and identifiers, not for sentences',
      })
    else
      proposed.push({
        name,
        says: `Prompt ${shown(name)} of the server`,
        arguments: judged,
        role: 'clinician',
      })
  }
  return { prompts: proposed.slice(0, mostParts), left: [...left, ...beyond(proposed, mostParts)] }
}
