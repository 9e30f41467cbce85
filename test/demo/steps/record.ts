// One record, found by its patient, and the proof that it is in the trail: what a privacy officer does, and whom it convinces.

import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { folderOfChain, recordFiles } from '../../../cli/export-layout.ts'
import type { Disclosure } from '../../../core/export/accounting.ts'
import { claim } from '../claims.ts'
import { type Clinic, out } from '../scene.ts'
import { command, lines, say } from '../screen.ts'
import { spawnedHipaaMcp, type Taken } from './trail.ts'

/** A call that saw the patient, and who made it. */
export type Found = { chain: string; call: string; person: string }

/** Where its intent stands, which says who asked for what. */
export type Proved = Found & { index: number }

/** Finds the newest call that saw the last patient. Claims: found by the identifier, proved offline, and no other one is. */
export async function record(clinic: Clinic, taken: Taken): Promise<Proved> {
  const patient = clinic.records.at(-1)?.patient.id ?? ''
  const key = join(out, 'key.json')
  try {
    command(`kubectl get secret keys.clinic.ehr -n hipaa-mcp-system -o json > ${key}`)
    await keep(
      key,
      await clinic.kubectl.run(['get', 'secret', 'keys.clinic.ehr', '-n', 'hipaa-mcp-system', '-o', 'json']),
    )
    return await proved(await foundBy(patient, key, taken), taken)
  } finally {
    await rm(key, { force: true })
  }
}

/** A file that only this user reads. */
async function keep(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 })
  await chmod(file, 0o600)
}

/** By the identifier that only the key's holder can turn into what stands in the trail. */
export async function foundBy(patient: string, key: string, { folder, witness }: Taken): Promise<Found> {
  // On a command line it would stay in the shell's history.
  const asked = join(dirname(folder), 'patient.txt')
  await keep(asked, `${patient}\n`)
  const args = ['disclosures', folder, '--patient', `@${asked}`, '--all', '--witness', witness]
  command(`npm run -s hipaa-mcp -- disclosures ${folder} --key key.json --patient @patient.txt --all`)
  const index = ['--index', join(dirname(folder), 'patients.index'), '--rebuild']
  const seen = await spawnedHipaaMcp([...args, '--key', key, ...index])
  lines(seen.text.split('\n').slice(0, 4).join('\n'))
  const told = await spawnedHipaaMcp([...args, '--key', key, ...index.slice(0, 2), '--json'])
  const all = told.code === 0 ? (JSON.parse(told.out) as Disclosure[]) : []
  const newest = all.findLast(({ outcome }) => outcome === 'ok')
  claim(
    'whoever holds the key finds each call that saw this patient, by the identifier',
    newest !== undefined && !(await textOfChain(folder, newest.chain)).includes(patient),
    newest === undefined
      ? told.text.slice(-600)
      : `${all.length} found; the newest: ${newest.date}, ${newest.recipient.sub}, ${newest.purpose}, ${newest.what}`,
  )
  if (newest === undefined) throw new Error('No call that saw the patient was found')
  return { chain: newest.chain, call: newest.call, person: newest.recipient.sub }
}

const textOfChain = async (folder: string, chain: string): Promise<string> =>
  await readFile(join(folder, folderOfChain(chain), recordFiles.all), 'utf8')

/** Writes the proof, and verifies it where there is neither cluster nor trail; then the same of another record. */
export async function proved(found: Found, { folder, witness }: Taken): Promise<Proved> {
  const proof = join(dirname(folder), 'record.proof')
  const place = ['--call', found.call, '--kind', 'intent']
  command(`npm run -s hipaa-mcp -- trail prove ${folder} ${place.join(' ')} > record.proof`)
  const made = await spawnedHipaaMcp(['trail', 'prove', folder, ...place, '--json'])
  const told = (made.code === 0 ? JSON.parse(made.out) : {}) as {
    proof?: string
    vkey?: string
    index?: number
  }
  const { proof: text = '', vkey = '', index = -1 } = told
  await writeFile(proof, text)
  const verified = await offline(proof, vkey, witness)
  const says = verified.text.trim().split('\n')
  claim(
    'a file of its own proves who asked, and when: with no cluster, no trail and no key of patients',
    verified.code === 0 && verified.text.includes('PROVED: this record is in the log'),
    `${text.length} bytes; ${verified.code === 0 ? says.at(-1) : verified.text}`,
  )
  await writeFile(proof, withAnother(found.person, text))
  const other = await offline(proof, vkey, witness)
  await writeFile(proof, text)
  claim(
    'and no other: with another person written into the record it proves nothing',
    text !== '' && other.code === 1 && other.text.includes('NOT PROVED'),
    other.text.trim().split('\n').slice(-2).join(' '),
  )
  say(`The proof stays in ${proof}.`)
  return { ...found, index }
}

async function offline(proof: string, vkey: string, witness: string): ReturnType<typeof spawnedHipaaMcp> {
  return await spawnedHipaaMcp(
    ['verify', '--proof', proof, '--vkey', vkey, '--witness', witness],
    '/dev/null',
  )
}

/** The proof of a record that names somebody else. */
const withAnother = (person: string, proof: string): string =>
  proof.replace(/^extra (.+)$/m, (_, extra: string) => {
    const record = Buffer.from(extra, 'base64').toString('utf8').replaceAll(person, 'somebody-else')
    return `extra ${Buffer.from(record).toString('base64')}`
  })
