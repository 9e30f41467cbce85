// What is inside of an encoded string, judged like the document around it, and encoded anew.

import type { Json } from '../canonical.ts'
import type { PatternTree } from '../pointer.ts'
import { readings } from '../text/prose.ts'
import { add } from './counts.ts'
import { decoded, encodedLike, jsonIn } from './encoded.ts'
import type { Projection } from './project.ts'
import { redactText } from './text.ts'

/** `project` of project.ts, which needs this. */
type By = {
  readonly by: Projection
  readonly project: (document: Json, tree: PatternTree, by: Projection) => Json
}

/** The string as it may leave; undefined when it may not. `rule` keeps the string, `inner` is what it says. */
export function redactEncoded(text: string, inner: string, rule: string, by: By): string | undefined {
  const left = redactInner(inner, rule, by)
  if (left === inner) return text
  return left === undefined ? undefined : encodedLike(text, left)
}

function redactInner(inner: string, rule: string, { by, project }: By): string | undefined {
  const json = jsonIn(inner)
  if (json === undefined) {
    const deeper = decoded(inner)
    return deeper === undefined
      ? redactText(inner, by.known, by.rules, by.tally, readings.text)
      : redactEncoded(inner, deeper, rule, { by, project })
  }
  if ('fault' in json) {
    add(by.tally.dropped, 'content-like-json')
    return undefined
  }
  // Paths of FHIR elements find their resources in here, too. Where there are pointers alone, the one that keeps the string
  // keeps all below it.
  const { trace: _, ...quiet } = by
  const { resources } = by
  const tree: PatternTree = { named: new Map(), ...(resources === undefined ? { rule } : { resources }) }
  const left = project(json.value, tree, quiet)
  if (left === json.value) return inner
  return isEmpty(left) && !isEmpty(json.value) ? undefined : JSON.stringify(left)
}

function isEmpty(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
