// FHIR resources to try policies on: those of the data folder where there is one, and the generator's.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { records } from '../sample/fhir.ts'
import { dataFolder } from '../support/data-folder.ts'

type Resource = { readonly resourceType: string; readonly [member: string]: unknown }
export type Source = { readonly name: string; readonly resource: Resource }

/** `says`: where they come from, in a sentence. Whole bundles stand there besides what is in them. */
export async function fhirResources(
  data: string | undefined = dataFolder,
): Promise<{ says: string; sources: Source[] }> {
  const generated = records(11, 6).flatMap(({ patient, conditions, medications, observations, encounters }) =>
    [patient, ...conditions, ...medications, ...observations, ...encounters].map((resource) => ({
      name: `generated ${resource.resourceType}`,
      resource,
    })),
  )
  const bundle = {
    resourceType: 'Bundle',
    type: 'searchset',
    entry: generated.map(({ resource }) => ({ resource })),
  }
  const own: Source[] = [...generated, { name: 'generated Bundle', resource: bundle }]
  const given = data === undefined ? [] : await below(join(data, 'fhir'))
  return {
    says: `${given.length} resources of the data folder, ${own.length} generated`,
    sources: [...given, ...own],
  }
}

async function below(folder: string): Promise<Source[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  const files = names.filter((name) => name.endsWith('.json')).toSorted()
  const found = await Promise.all(
    files.map(async (name) => ({
      name,
      resource: JSON.parse(await readFile(join(folder, name), 'utf8')) as Resource,
    })),
  )
  return found.flatMap(({ name, resource }) => [
    { name, resource },
    ...firstOfEachType(resource).map((entry) => ({ name: `${name}#${entry.resourceType}`, resource: entry })),
  ])
}

/** A bundle is judged whole, with all that is in it; by itself one resource of each type. */
function firstOfEachType({ resourceType, entry }: Resource): Resource[] {
  if (resourceType !== 'Bundle' || !Array.isArray(entry)) return []
  const resources = (entry as { resource?: Resource }[]).flatMap(({ resource }) => resource ?? [])
  return [...Map.groupBy(resources, (resource) => resource.resourceType).values()].flatMap(
    ([first]) => first ?? [],
  )
}
