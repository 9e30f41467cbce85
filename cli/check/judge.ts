// Files in, findings out: each object first as the API server judges it, then by the rules of the linter.

import { dirname } from 'node:path'
import { apiVersion } from '../../core/identifiers.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import type { Context, Finding, Severity } from '../../core/lint/finding.ts'
import { lintAgreement, lintServer, lintUse } from '../../core/lint/lint.ts'
import type { BusinessAssociateAgreement } from '../../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import type { Read, Source } from './documents.ts'
import { kindNames, structureOf } from './kinds.ts'
import type { Position } from './place.ts'
import type { Flaw } from './structure.ts'
import type { Watched } from './trail-use.ts'

/** A finding with its place in a file. Those about the form of an object cite no section. */
export type Reported = Omit<Finding, 'citation'> &
  Position & {
    citation?: string
    file: string
    /** `HipaaMcpServer clinic/ehr`; absent for a file that is no YAML. */
    object?: string
  }

/** What is looked for before the rules of the linter: whether this is an object of its kind at all. */
export const formRules: readonly { id: string; severity: Severity; about: string; why: string }[] = [
  {
    id: 'yaml-broken',
    severity: 'error',
    about: 'A file that is no YAML.',
    why: 'Nothing of it can be applied.',
  },
  {
    id: 'unknown-kind',
    severity: 'error',
    about: 'An object of hipaa-mcp.dev of a kind or version that there is not.',
    why: 'The API server refuses it.',
  },
  {
    id: 'unknown-field',
    severity: 'error',
    about: 'A field that the kind does not have.',
    why: 'kubectl refuses it, and what sends it otherwise loses it without a word: a restriction that is misspelt is none.',
  },
  {
    id: 'missing-field',
    severity: 'error',
    about: 'A field that must be there and is not, such as returns of a tool.',
    why: 'The API server refuses the object.',
  },
  {
    id: 'wrong-value',
    severity: 'error',
    about: 'A value of another type, out of its bounds, or twice in a list.',
    why: 'The API server refuses the object.',
  },
  {
    id: 'contradiction',
    severity: 'error',
    about: 'What the rules of the kind refuse, such as a role that names a tool that is not there.',
    why: 'The API server refuses the object.',
  },
  {
    id: 'object-twice',
    severity: 'error',
    about:
      'Two objects of one kind, namespace and name in one file or folder; in several folders it is a note.',
    why: 'The one that is applied last is in force, whatever the other says.',
  },
]

const form = new Map(formRules.map((rule) => [rule.id, rule]))

/** `now` in milliseconds since 1970. */
export async function judge({ sources, broken }: Read, now: number): Promise<Reported[]> {
  const context: Context = {
    agreements: sources
      .map(({ object }) => object)
      .filter(({ kind }) => kind === 'BusinessAssociateAgreement') as unknown as BusinessAssociateAgreement[],
    complete: false,
    now,
  }
  const reported: Reported[] = broken.map(({ says, ...where }) => ({
    ...where,
    ...ofForm('yaml-broken', { place: '', found: says, write: 'YAML 1.2 or JSON' }),
  }))
  for (const source of sources) {
    reported.push(...findingsOf(source, await structureOf(source.object.kind), context))
  }
  reported.push(...twice(sources))
  return reported
}

/** Objects that stand there once more, after the first. */
function twice(sources: readonly Source[]): Reported[] {
  const alike = Map.groupBy(sources, ({ object: { kind, metadata } }) => {
    const { name, namespace } = (metadata as Partial<KubernetesObject['metadata']> | undefined) ?? {}
    return JSON.stringify([kind, namespace ?? '', name ?? ''])
  })
  return [...alike.values()].flatMap(([first, ...others]) =>
    others.map((source) =>
      locatedIn(source, {
        ...ofForm('object-twice', {
          place: '/metadata/name',
          found: `${nameOf(source.object)} stands in ${first?.file} on line ${first?.position('/metadata/name').line} as well`,
          write: 'one of the two, or another name',
        }),
        // Folders that are never applied together are checked together all the same: one for each stage.
        ...(dirname(source.file) === dirname(first?.file ?? '') ? {} : { severity: 'note' }),
      }),
    ),
  )
}

/**
 * What was not used of the server that a trail is of; undefined where no file holds that server. Nothing of one that the API
 * server would refuse.
 */
export async function judgeUse(
  { sources }: Read,
  { server, use, days }: Watched,
  wanted: number,
): Promise<Reported[] | undefined> {
  const [namespace, name] = server.split('/')
  const source = sources.find(
    ({ object }) =>
      object.kind === 'HipaaMcpServer' &&
      object.metadata.name === name &&
      [undefined, namespace].includes(object.metadata.namespace),
  )
  if (source === undefined) return undefined
  const structure = await structureOf(source.object.kind)
  if (structure === undefined || structure(source.object).length > 0) return []
  const found = lintUse(source.object as unknown as HipaaMcpServer, use, { days, wanted })
  return found.map((finding) => locatedIn(source, finding))
}

function locatedIn(
  { file, object, position }: Source,
  finding: Omit<Finding, 'citation'> & { citation?: string },
): Reported {
  return { file, ...position(finding.place), object: nameOf(object), ...finding }
}

function findingsOf(
  source: Source,
  structure: ((object: object) => Flaw[]) | undefined,
  context: Context,
): Reported[] {
  const { object } = source
  const flaw = (rule: string, of: Omit<Flaw, 'rule'>): Reported => locatedIn(source, ofForm(rule, of))
  if (structure === undefined)
    return [
      flaw('unknown-kind', {
        place: '/kind',
        found: `there is no kind ${object.kind} in ${object.apiVersion}`,
        write: `one of ${kindNames.join(', ')}`,
      }),
    ]
  if (object.apiVersion !== apiVersion)
    return [
      flaw('unknown-kind', {
        place: '/apiVersion',
        found: `there is no version ${object.apiVersion}`,
        write: `apiVersion: ${apiVersion}`,
      }),
    ]
  const flaws = structure(object).map(({ rule, ...of }) => flaw(rule, of))
  const nameless =
    typeof (object.metadata as { name?: unknown } | undefined)?.name === 'string'
      ? []
      : [flaw('missing-field', { place: '/metadata', found: 'metadata lacks name', write: 'name: ehr' })]
  // The rules may rely on the form.
  if (flaws.length + nameless.length > 0) return [...flaws, ...nameless]
  const lint = linters[object.kind]
  return lint === undefined ? [] : lint(object, context).map((finding) => locatedIn(source, finding))
}

const linters: { readonly [kind: string]: (object: KubernetesObject, context: Context) => Finding[] } = {
  HipaaMcpServer: (object, context) => lintServer(object as unknown as HipaaMcpServer, context),
  BusinessAssociateAgreement: (object, context) =>
    lintAgreement(object as unknown as BusinessAssociateAgreement, context),
}

function ofForm(rule: string, of: Omit<Flaw, 'rule'>): Omit<Finding, 'citation'> {
  const { severity = 'error', why = '' } = form.get(rule) ?? {}
  return { rule, severity, why, ...of }
}

function nameOf({ kind, metadata }: KubernetesObject): string {
  const { name = '', namespace } = (metadata as Partial<KubernetesObject['metadata']> | undefined) ?? {}
  return `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`
}
