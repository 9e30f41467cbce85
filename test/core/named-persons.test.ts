// That the kinds, which privacy officers read in kubectl explain, name a person by what is compared.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { parse } from 'yaml'
import { verifies } from '../verifies.ts'

type Schema = { description?: string; properties?: { [name: string]: Schema } }
type Kind = { spec: { versions: { schema: { openAPIV3Schema: Schema } }[] } }

for (const [kind, ...path] of [
  ['accessrevocation', 'spec', 'person', 'sub'],
  ['breakglassgrant', 'spec', 'subject', 'sub'],
] as const)
  verifies('access:revocation', `${kind} says that a person at Entra is named by their oid`, async () => {
    const file = join(import.meta.dirname, `../../crds/${kind}.yaml`)
    const { spec } = parse(await readFile(file, 'utf8')) as Kind
    const field = path.reduce<Schema | undefined>(
      (schema, name) => schema?.properties?.[name],
      spec.versions[0]?.schema.openAPIV3Schema,
    )

    expect(field?.description).toMatch(/\bsub\b.*Entra.*\boid\b/)
  })
