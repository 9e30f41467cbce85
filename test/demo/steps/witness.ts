// A witness outside of the cluster, of another author, and somebody who holds the key of the log of all chains: what it signed
// cannot be written anew. In an installation the collector shows it the log (docs/witnesses.md); here the demo does, on
// this machine.

import { createPrivateKey } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { folderOfChain, recordFiles } from '../../../cli/export-layout.ts'
import { askOverHttp } from '../../../collector/witnesses/ask.ts'
import { Witness } from '../../../collector/witnesses/witness.ts'
import { originFor } from '../../../collector/witnesses/witnesses.ts'
import { type NoteKey, parseNote, rawPublicKey, signCheckpoint } from '../../../core/checkpoint.ts'
import { markIn } from '../../../core/covered-record.ts'
import { leafHash, rootOf } from '../../../core/merkle.ts'
import { consistencyProof } from '../../../core/merkle-proof.ts'
import { parseRecord, recordBytes } from '../../../core/record.ts'
import { registryOrigin } from '../../../core/wire.ts'
import { parseWitnessPolicy } from '../../../core/witness-policy.ts'
import { aSigsumWitness, type SigsumWitness } from '../../support/sigsum-witness.ts'
import { claim } from '../claims.ts'
import type { Clinic } from '../scene.ts'
import { say } from '../screen.ts'
import type { Proved } from './record.ts'
import type { Taken } from './trail.ts'

/** The log's private key, as a cluster administrator gets it. */
async function stolenKey({ kubectl }: Clinic): Promise<string> {
  const program =
    "process.stdout.write(require('node:fs').readFileSync('/var/lib/hipaa-mcp/keys/registry.pem'))"
  const pod = ['-n', 'hipaa-mcp-system', 'hipaa-mcp-collector-0']
  return await kubectl.run(['exec', ...pod, '--', 'node', '-e', program])
}

/** Claims: signed as it is, refused with another person in the record that was found, and signed again as it is. */
export async function witness(clinic: Clinic, taken: Taken, found: Proved): Promise<void> {
  await witnessed(await stolenKey(clinic), taken, found)
}

export async function witnessed(pem: string, { folder }: Taken, found: Proved): Promise<void> {
  const key = createPrivateKey(pem)
  const name = originFor('sigsum.org/v1/tree/{key}', { publicKey: rawPublicKey(key) })
  const log: NoteKey = { name, kind: 'ed25519', key }
  const { checkpoint } = parseNote(
    await readFile(join(folder, folderOfChain(registryOrigin), 'checkpoint'), 'utf8'),
  )
  const honest = (await recordsIn(join(folder, folderOfChain(registryOrigin)))).slice(0, checkpoint.size)
  const place = join(dirname(folder), 'witness')
  await rm(place, { recursive: true, force: true })
  await mkdir(place, { recursive: true, mode: 0o700 })
  const running = await aSigsumWitness(place, log)
  try {
    say('Debian’s sigsum-witness, in the place of one that others run outside of the cluster:')
    const first = await shown(running, log, honest)
    claim(
      'it knows the public key of the log alone, and signs the log of all chains of this trail',
      checkpoint.root.equals(rootOf(honest.map(leafHash))) && first.signed,
      `${honest.length} records, ${first.says}`,
    )
    say('Somebody with every key of the cluster writes another person into the record above:')
    const rewritten = await withAnother(found, folder, honest)
    const longer = [...rewritten, ...rewritten.slice(-1)]
    const refused = [await shown(running, log, rewritten), await shown(running, log, longer)]
    claim(
      'the log that says so is signed by its own key, and the witness refuses it, also when it went on',
      !honest.every((record, i) => record.equals(rewritten[i] as Buffer)) &&
        refused.every(({ signed, refuses }) => !signed && refuses),
      refused.map(({ says }) => says).join('; '),
    )
    const again = await shown(running, log, honest)
    claim('the log as it was it signs on', again.signed, again.says)
  } finally {
    await running.stop()
    await rm(place, { recursive: true, force: true })
  }
}

async function recordsIn(folder: string): Promise<Buffer[]> {
  const text = await readFile(join(folder, recordFiles.all), 'utf8')
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => Buffer.from(line))
}

type Answered = { signed: boolean; refuses: boolean; says: string }

/** Shows the witness these records as the log, signed by the log's key, by what the collector asks it with. */
async function shown(
  { line, url }: SigsumWitness,
  log: NoteKey,
  records: readonly Buffer[],
): Promise<Answered> {
  const [pinned] = parseWitnessPolicy(`${line}quorum sigsum\n`).witnesses
  if (pinned === undefined) throw new Error('The policy names no witness')
  const answers: number[] = []
  const over = askOverHttp({ timeoutMs: 5_000 })
  const asked = new Witness({
    pinned: { ...pinned, url },
    ask: async (...question) => {
      const answer = await over(...question)
      answers.push(answer.status)
      return answer
    },
    events: { refused: () => undefined, changed: () => undefined, forgot: () => undefined },
  })
  const leaves = records.map(leafHash)
  const note = signCheckpoint({ origin: log.name, size: leaves.length, root: rootOf(leaves) }, log)
  const signature = await asked.cosign(
    { size: leaves.length, note },
    async (from) => await Promise.resolve(consistencyProof(from, leaves)),
  )
  const http = `HTTP ${answers.at(-1)}`
  return {
    signed: signature !== undefined,
    refuses: asked.state === 'refuses',
    says:
      signature === undefined
        ? `${asked.state} ${asked.reason ?? ''} (${http})`
        : `signed at ${new Date(signature.time * 1000).toISOString()} (${http})`,
  }
}

/** The log of all chains, had the record that was found named somebody else: every root that covers it is another. */
async function withAnother(
  { chain, index, person }: Proved,
  folder: string,
  log: Buffer[],
): Promise<Buffer[]> {
  const records = await recordsIn(join(folder, folderOfChain(chain)))
  const changed = Buffer.from(String(records[index]).replaceAll(person, 'somebody-else'))
  const leaves = records.with(index, changed).map(leafHash)
  return log.map((bytes) => {
    const mark = markIn(bytes)
    if (mark?.origin !== chain || mark.size <= index) return bytes
    const root = rootOf(leaves.slice(0, mark.size)).toString('base64')
    return recordBytes({ ...parseRecord(bytes), root } as ReturnType<typeof parseRecord>)
  })
}
