// The kinds as the API server knows them, out of the files that install them.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type Flaw, type Schema, structureJudge } from './structure.ts'

const folder = join(import.meta.dirname, '..', '..', 'crds')
const files: { readonly [kind: string]: string } = {
  HipaaMcpServer: 'hipaamcpserver.yaml',
  BusinessAssociateAgreement: 'businessassociateagreement.yaml',
  BreakGlassGrant: 'breakglassgrant.yaml',
  AccessRevocation: 'accessrevocation.yaml',
}

type Crd = { spec: { versions: { schema: { openAPIV3Schema: Schema } }[] } }

type Judge = (object: object) => Flaw[]
/** The schema of a server is large: compiled once. */
const judges = new Map<string, Promise<Judge>>()

/** What judges objects of a kind; undefined for a kind that is none of ours. */
export async function structureOf(kind: string): Promise<Judge | undefined> {
  const file = Object.hasOwn(files, kind) ? files[kind] : undefined
  if (file === undefined) return undefined
  const judge = judges.get(kind) ?? compiled(file)
  judges.set(kind, judge)
  return await judge
}

async function compiled(file: string): Promise<Judge> {
  const crd = parse(await readFile(join(folder, file), 'utf8')) as Crd
  const [version] = crd.spec.versions
  if (version === undefined) throw new TypeError(`${file} has no version`)
  return structureJudge(version.schema.openAPIV3Schema)
}

export const kindNames = Object.keys(files)
