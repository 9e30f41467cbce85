// resources/read, and resources/subscribe and unsubscribe of MCP before 2026-07-28.

import type { JsonObject } from '../../core/canonical.ts'
import { resourceResult, type Shape } from '../../core/redaction/results.ts'
import { Refusal } from '../refusals.ts'
import type { Rules } from '../rules.ts'
import type { ResourceTarget } from '../targets.ts'
import type { Ask, Found } from './ask.ts'

/** The policy's resource of a URI, with the values of its template's variables as arguments. */
function resourceOf(
  uri: unknown,
  { resources }: Rules,
): { target: ResourceTarget; values: JsonObject } | undefined {
  if (typeof uri !== 'string' || uri.length > 2048) return undefined
  for (const target of resources) {
    const values = target.match(uri)
    if (values !== undefined) return { target, values: Object.fromEntries(values) }
  }
  return undefined
}

const find: Ask['find'] = ({ uri }: JsonObject, rules: Rules): Found | undefined => {
  if (typeof uri !== 'string') throw new Refusal('message-malformed')
  const found = resourceOf(uri, rules)
  return found === undefined ? undefined : { target: found.target, arguments: found.values, words: { uri } }
}

const outgoing: Ask['outgoing'] = ({ words = {} }) => ({
  params: { uri: words['uri'] },
  name: words['uri'] as string,
})

export const resourceAsk: Ask = { unknown: 'resource-unknown', find, outgoing, shape: resourceResult }

/** An empty result: whatever a server adds to it stays here. */
const nothing: Shape = { apart: () => ({ blocks: [], texts: [] }), together: () => ({}) }

export const subscribeAsk: Ask = {
  unknown: 'resource-unknown',
  find(params, rules, caller) {
    const found = find(params, rules, caller)
    return found !== undefined && (found.target as ResourceTarget).subscribe ? found : undefined
  },
  outgoing,
  shape: nothing,
}
