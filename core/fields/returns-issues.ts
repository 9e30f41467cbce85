// What a person must mend in what results may show: fields that name nothing.

import type { Policy, Returns } from '../policy.ts'
import { fieldIssue } from './path.ts'

/** Sentences that say where, and what to write. */
export function returnsIssues({ tools, resources, prompts }: Policy): string[] {
  const all = [
    ...tools.map(({ name, returns }) => ({ where: `Tool ${name}`, returns })),
    ...resources.map(({ name, returns }) => ({ where: `Resource ${name}`, returns })),
    ...prompts.map(({ name, returns }) => ({ where: `Prompt ${name}`, returns })),
  ]
  return all.flatMap(({ where, returns }) => issuesOf(returns).map((issue) => `${where}: returns.${issue}`))
}

function issuesOf({ fields }: Returns): string[] {
  return fieldsIssues('fields', fields)
}

function fieldsIssues(where: string, fields: readonly string[]): string[] {
  return fields.map(fieldIssue).flatMap((issue) => (issue === undefined ? [] : [`${where}: ${issue}`]))
}
