// The trail, taken out of the cluster and verified offline; then one byte of it is changed.

import { spawn } from 'node:child_process'
import { cp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { claim } from '../claims.ts'
import { leaksIn } from '../leaks.ts'
import { type Clinic, out } from '../scene.ts'
import { command, lines, say } from '../screen.ts'

/** `text`: all that it printed; `out`: what of it went to standard output. */
type Ran = { code: number; text: string; out: string }

/** An export of the trail, and the key of the collector as its witness. */
export type Taken = { folder: string; witness: string }

/** The product’s command line as a process of its own, as `npm run -s hipaa-mcp --` starts it. */
export async function spawnedHipaaMcp(args: readonly string[], kubeconfig?: string): Promise<Ran> {
  const main = join(import.meta.dirname, '..', '..', '..', 'cli', 'main.ts')
  return await new Promise((resolve, reject) => {
    const env = { ...process.env, ...(kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig }) }
    const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const all: Buffer[] = []
    const printed: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => {
      all.push(chunk)
      printed.push(chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => all.push(chunk))
    child.once('error', reject)
    child.once('close', (code) =>
      resolve({
        code: code ?? 1,
        text: Buffer.concat(all).toString(),
        out: Buffer.concat(printed).toString(),
      }),
    )
  })
}

/** Exports into `folder`. */
export async function exportTrail(clinic: Clinic, folder: string, server = 'clinic/ehr'): Promise<Ran> {
  await rm(folder, { recursive: true, force: true })
  return await spawnedHipaaMcp(
    ['trail', 'export', '--server', server, '--output', folder],
    clinic.kubectl.kubeconfig,
  )
}

/** The witness's key, as the export printed it. */
export function witnessIn({ text }: Pick<Ran, 'text'>): string {
  return /hipaa-mcp\.dev\/witness\+\S+/.exec(text)?.[0] ?? ''
}

/** Every file below a folder. */
async function filesBelow(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true })
  const files: string[] = []
  for (const name of names) if ((await stat(join(folder, name))).isFile()) files.push(join(folder, name))
  return files.toSorted()
}

/** Flips one bit in the middle of a file. */
async function flipBit(file: string): Promise<number> {
  const bytes = await readFile(file)
  const at = Math.floor(bytes.length / 2)
  bytes[at] = (bytes[at] as number) ^ 1
  await writeFile(file, bytes)
  return at
}

type Told = {
  kind: string
  at: string
  who?: { sub: string }
  tool?: string
  purpose?: string
  reason?: string
  patients?: unknown[]
  outcome?: string
}

/** Reasons of section "what is refused", as the trail names them. */
const refusalsShown = [
  'mfa-missing',
  'mfa-too-old',
  'tool-unknown',
  'argument-refused',
  'training-too-old',
  'token-unbound',
  'locked',
]

/** A call and a refusal in words: who, what, when, why. */
function sampleOf(text: string): string[] {
  const records = text
    .split('\n')
    .flatMap((line) => (line.startsWith('{"') ? [JSON.parse(line) as Told] : []))
    .toSorted((a, b) => (a.at < b.at ? -1 : 1))
  const call = records.findLast(({ kind, tool }) => kind === 'intent' && tool !== undefined)
  const refusal = records.findLast(({ kind, who }) => kind === 'refusal' && who !== undefined)
  return [
    `${call?.at}  ${call?.who?.sub} asked ${call?.tool} for ${call?.purpose}, ${call?.patients?.length} patient, sealed`,
    `${refusal?.at}  ${refusal?.who?.sub} was refused: ${refusal?.reason}`,
  ]
}

export async function trail(clinic: Clinic): Promise<Taken> {
  const folder = join(out, 'trail')
  command(`npm run -s hipaa-mcp -- trail export --server clinic/ehr --output ${folder}`)
  const exported = await exportTrail(clinic, folder)
  claim(
    'the trail leaves the cluster over mutual TLS',
    exported.code === 0,
    exported.text.trim().split('\n').at(-1),
  )
  const witness = witnessIn(exported)
  command(`npm run -s hipaa-mcp -- verify ${folder} --witness ${witness}`)
  const verified = await spawnedHipaaMcp(['verify', folder, '--server', 'clinic/ehr', '--witness', witness])
  lines(verified.text)
  claim('it verifies, offline', verified.code === 0 && verified.text.includes('VERIFIED'))

  const files = await filesBelow(folder)
  const texts = await Promise.all(files.map(async (file) => await readFile(file, 'utf8')))
  const whole = texts.join('\n')
  const named = clinic.records.filter((record) =>
    leaksIn(whole, record).some((kind) => ['ssn', 'mrn', 'phone', 'email'].includes(kind)),
  )
  claim(
    'no record in it holds a patient’s identifier in the clear',
    named.length === 0 && whole.length > 1_000,
  )

  const missing = refusalsShown.filter((reason) => !whole.includes(`"reason":"${reason}"`))
  claim('every refusal above stands in it with its reason', missing.length === 0, missing.join(', '))
  say('Two of its records, as an auditor reads them:')
  for (const line of sampleOf(whole)) say(line)

  const changed = `${folder}-changed`
  await rm(changed, { recursive: true, force: true })
  await cp(folder, changed, { recursive: true })
  const largest = (
    await Promise.all(
      (await filesBelow(changed)).map(async (file) => ({ file, size: (await stat(file)).size })),
    )
  ).toSorted((a, b) => b.size - a.size)[0]
  if (largest === undefined) throw new Error('The export wrote no file')
  const at = await flipBit(largest.file)
  const found = await spawnedHipaaMcp(['verify', changed, '--server', 'clinic/ehr', '--witness', witness])
  claim(
    'one bit of one byte changed: verification fails, and says where',
    found.code === 1,
    `bit 0 of byte ${at} of ${largest.file.slice(changed.length + 1)}: ${found.text
      .trim()
      .split('\n')
      .slice(-2)
      .map((line) => line.trim())
      .join(' ')}`,
  )
  return { folder, witness }
}
