// An explanation as JSON.

import type { Json } from '../../core/canonical.ts'
import { valueAt } from '../../core/pointer.ts'
import type { Screen } from '../command.ts'
import type { Answer, Question } from './answer.ts'
import type { Explained, Part } from './result.ts'
import { treeOf } from './tree.ts'

export function printJson(
  { roles, purpose, asked, target, decision }: Question,
  { permitted, explained, withValues }: Answer,
  screen: Screen,
): void {
  const explanation = {
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
  screen.out(JSON.stringify(explanation, null, 2))
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
