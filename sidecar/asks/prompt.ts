// prompts/get.

import { promptResult } from '../../core/redaction/results.ts'
import type { Ask } from './ask.ts'
import { argumentsOf } from './tool.ts'

export const promptAsk: Ask = {
  unknown: 'prompt-unknown',
  find({ name, arguments: args }, { prompts }) {
    const target = typeof name === 'string' ? prompts.get(name) : undefined
    return target === undefined ? undefined : { target, arguments: argumentsOf(args) }
  },
  outgoing({ target, arguments: args }) {
    return { params: { name: target.from, arguments: args }, name: target.from }
  },
  shape: promptResult,
}
