// The documents of a YAML file, where nobody asks for lines and columns.

import { parseAllDocuments } from 'yaml'
import { CannotError } from './command.ts'

/** One value for each document. `file`: how the error calls it. Throws `CannotError` for what is no YAML. */
export function valuesIn(text: string, file: string): unknown[] {
  const documents = parseAllDocuments(text)
  const broken = documents.flatMap(({ errors }) => errors)[0]
  if (broken !== undefined)
    throw new CannotError(`${file} is no YAML: ${broken.message.split('\n')[0] ?? broken.code}`)
  return documents.map((document): unknown => document.toJS())
}
