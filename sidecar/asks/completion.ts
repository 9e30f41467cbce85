// completion/complete. What completes an argument may be a list of patients by name, so it is off unless the policy
// turns it on, and the values go through its text rule.

import type { JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { completionResult } from '../../core/redaction/results.ts'
import { Refusal } from '../refusals.ts'
import type { Rules } from '../rules.ts'
import type { Target } from '../targets.ts'
import type { Ask } from './ask.ts'

export const completionAsk: Ask = {
  unknown: 'completion-unknown',
  /** The prompt, or the resource template, whose argument is to be completed. */
  find({ ref, argument, context }, rules) {
    if (!isObject(ref) || !isObject(argument)) throw new Refusal('message-malformed')
    const { name, value } = argument
    const others = isObject(context) && isObject(context['arguments']) ? context['arguments'] : {}
    const texts = [name, value, ...Object.values(others)]
    if (!texts.every((text) => typeof text === 'string' && text.length <= 1024))
      throw new Refusal('message-malformed')
    // One value to be judged and another to be used would be two.
    if (Object.hasOwn(others, name as string)) throw new Refusal('message-malformed')
    if (rules.fromServer.completion === undefined) return undefined
    const target = targetOf(ref, rules)
    // What completes a patient's identifier is a list of patients: beyond every reach, and counted by none.
    if (target === undefined || target.patient?.at(-1) === name) return undefined
    const own: JsonObject =
      target.kind === 'prompts'
        ? { type: 'ref/prompt', name: target.from }
        : { type: 'ref/resource', uri: target.listing['uriTemplate'] }
    const words: JsonObject = {
      ref: own,
      argument: { name: name as string, value: value as string },
      ...(Object.keys(others).length === 0
        ? {}
        : { context: { arguments: others as { [name: string]: string } } }),
    }
    return { target, arguments: { ...others, [name as string]: value }, words }
  },
  outgoing: ({ words = {} }) => ({ params: words }),
  shape: completionResult,
  partial: true,
  anybody: true,
  returns: (target, { fromServer }) => {
    const text = fromServer.completion?.text ?? 'Redact'
    return { ...target.returns, text, whole: text === 'Keep' }
  },
}

function targetOf(ref: { readonly [member: string]: unknown }, rules: Rules): Target | undefined {
  const { type, name, uri } = ref
  if (type === 'ref/prompt') return typeof name === 'string' ? rules.prompts.get(name) : undefined
  if (type !== 'ref/resource' || typeof uri !== 'string') return undefined
  return rules.resources.find(({ listing }) => listing['uriTemplate'] === uri)
}
