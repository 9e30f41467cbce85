import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderSource } from '../../cli/trail/folder-source.ts'
import { checkExport, type Report } from '../../cli/verify/export-check.ts'
import type { Store } from '../../collector/commit/commit.ts'
import { loadKeys } from '../../collector/keys.ts'
import type { Trail } from '../../collector/trail.ts'
import type { Witnesses } from '../../collector/witnesses/witnesses.ts'
import { cosign, type NoteKey, signCheckpoint, vkey } from '../../core/checkpoint.ts'
import { leafHash, rootOf } from '../../core/merkle.ts'
import { registryOrigin } from '../../core/wire.ts'
import { parseWitnessPolicy } from '../../core/witness-policy.ts'
import { aFolder, anEmbeddedStore, aTrail, type Clock, Process } from '../collector/a-trail.ts'
import { AWitness, askingThem } from '../collector/a-witness.ts'
import { aClose, anIntent, anOrders, aRefusal, aResult } from '../core/records.ts'
import type { RequirementId } from '../requirements.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { verifies } from '../verifies.ts'
import { exported, line, pathIn, tamper } from './an-export.ts'

type Made = {
  folder: string
  /** Of the verifier, who got the keys from those who run the log and the witnesses. */
  policy: string
  /** The collector's own. */
  witness: string
  keys: Awaited<ReturnType<typeof loadKeys>>
  outside: Witnesses
  ended: Process
  live: Process
  all: AWitness[]
}

type Outside = {
  clock: Clock
  all: AWitness[]
  store: Store
  trail: Trail
  outside: Witnesses
  policy: string
  patience: { now: number }
}

/** A trail that two witnesses outside are shown, and the policy file of somebody who got the keys from those who run them. */
async function aTrailOutside(): Promise<Outside> {
  const clock = { now: 1_790_000_000_000 }
  const all = ['ours', 'theirs'].map((name) => new AWitness(name, clock))
  const quorum = 'group both all ours theirs\nquorum both\n'
  const patience = { now: 0 }
  const { witnesses } = askingThem(all, { quorum, clock: () => patience.now })
  const store = await anEmbeddedStore()
  const trail = await aTrail(store, clock, [], { witnesses })
  const outside = trail.witnesses as Witnesses
  for (const each of all) each.knows(outside.log)
  const policy = `log ${outside.log}\n${all.map((each) => each.line).join('')}${quorum}`
  return { clock, all, store, trail, outside, policy, patience }
}

/** An exported trail that two witnesses outside signed; `late`: they could not be reached for the newest of it. */
async function anExport({ late = false } = {}): Promise<Made> {
  const { clock, all, store, trail, outside, policy, patience } = await aTrailOutside()
  const ended = await Process.started(trail)
  await ended.write(anOrders(), anIntent('a1'), aResult('a1'), aRefusal('a2'), aClose())
  await ended.checkpoint()
  const live = await Process.started(trail, ended.pod)
  await live.write(anOrders(), anIntent('b1'), aResult('b1'))
  await live.checkpoint()
  await outside.round()
  clock.now += 60_000
  patience.now += 61_000
  await live.write(anIntent('b2'))
  if (late) for (const each of all) each.fault = 'away'
  const folder = join(aFolder(), 'trail')
  const witness = await exported(trail, store, folder)
  return { folder, policy, witness, keys: await loadKeys(store), outside, ended, live, all }
}

const check = async ({ folder, policy }: { folder: string; policy: string }): Promise<Report> =>
  await checkExport({
    source: folderSource(folder),
    policy: parseWitnessPolicy(policy),
    read: () => undefined,
  })
const saysOf = ({ findings }: Report): string =>
  findings.map(({ where, index, says }) => `${where} ${index ?? ''} ${says}`).join('\n')
const witnessedIn = (folder: string): string => pathIn(folder, registryOrigin, 'witnessed')
const linesIn = (folder: string, origin: string): string[] =>
  readFileSync(pathIn(folder, origin, 'records.ndjson'), 'utf8')
    .split('\n')
    .slice(0, -1)

const linesOf = (text: string, keep: RegExp): string =>
  text
    .split('\n')
    .filter((each) => keep.test(each))
    .join('\n')

const onThatDay = (time: string): { at: string } => ({ at: `2026-09-21T${time}.000Z` })

/** Signs what stands there of a chain, as a checkpoint of its own. */
function signAnew(folder: string, origin: string, key: NoteKey, witness: NoteKey): void {
  const lines = linesIn(folder, origin)
  const checkpoint = {
    origin,
    size: lines.length,
    root: rootOf(lines.map((text) => leafHash(Buffer.from(text)))),
  }
  writeFileSync(
    pathIn(folder, origin, 'checkpoint'),
    signCheckpoint(checkpoint, key) + cosign(checkpoint, witness, 1_790_000_060),
  )
}

verifies(
  'integrity:outside-witness',
  'an auditor’s own policy proves the trail to its end, and says since when',
  async () => {
    const made = await anExport()
    const report = await check(made)

    expect(saysOf(report)).toBe('')
    expect(report).toMatchObject({
      ok: true,
      pinned: 'policy',
      witness: { vkey: '' },
      outside: { size: made.outside.newest?.size, time: 1_790_000_060, by: ['ours', 'theirs'] },
      registry: { records: made.outside.newest?.size, witnessed: 1_790_000_060 },
      chains: [
        { origin: made.ended.origin, records: 6, through: 5, witnessed: 1_790_000_060 },
        { origin: made.live.origin, records: 5, through: 4, witnessed: 1_790_000_060 },
      ],
    })
  },
)

verifies(
  'integrity:outside-witness',
  'what came after the last signature of the witnesses is a finding, and what came before is proved',
  async () => {
    const made = await anExport({ late: true })
    const report = await check(made)

    expect(report.ok).toBe(false)
    expect(saysOf(report)).toMatch(/registry {2}no witness outside signed its records from \d+ on/)
    expect(saysOf(report)).toMatch(
      new RegExp(`${made.live.origin} 4 no witness outside signed for it or what follows`),
    )
    expect(report.outside).toMatchObject({ size: made.outside.newest?.size, time: 1_790_000_000 })
    expect(report.chains.map(({ records, through, witnessed }) => [records, through, witnessed])).toEqual([
      [6, 5, 1_790_000_000],
      [5, 3, 1_790_000_000],
    ])
  },
)

const attacks: [string, (made: Made) => void, RegExp, RequirementId?][] = [
  [
    'what the witnesses signed is taken away',
    ({ folder }) => rmSync(witnessedIn(folder)),
    /what witnesses outside signed of it is missing/,
  ],
  [
    'their signatures are stripped off',
    ({ folder }) => {
      const [body, signatures] = readFileSync(witnessedIn(folder), 'utf8').split('\n\n') as [string, string]
      writeFileSync(witnessedIn(folder), `${body}\n\n${signatures.split('\n')[0]}\n`)
    },
    /none of the policy’s witnesses signed it/,
  ],
  [
    'one of two that are needed is stripped off',
    ({ folder }) => {
      const text = readFileSync(witnessedIn(folder), 'utf8')
      writeFileSync(witnessedIn(folder), text.replace(/^— theirs.*\n/m, ''))
    },
    /the policy’s quorum did not sign it: only ours did/,
  ],
  [
    'the log’s own signature is stripped off',
    ({ folder }) => {
      const text = readFileSync(witnessedIn(folder), 'utf8')
      writeFileSync(witnessedIn(folder), text.replace(/^— hipaa.*\n/m, ''))
    },
    /not signed by the key of the log that the policy pins/,
  ],
  [
    'the log is cut off',
    (made) => {
      tamper(made.folder, registryOrigin, (lines) => lines.slice(0, -1))
      signAnew(made.folder, registryOrigin, made.keys.registry, made.keys.witness)
    },
    /registry {2}it has \d+ records, witnesses outside signed \d+: it is truncated/,
  ],
  [
    'whoever holds every key of ours rewrites a record, and all that follows from it',
    (made) => {
      const { folder, live, keys } = made
      const before = rootText(folder, live.origin)
      tamper(folder, live.origin, (lines) => lines.with(2, line(anIntent('b1', { role: 'other' }))))
      const key = { name: live.origin, kind: 'ed25519' as const, key: live.key }
      const after = rootText(folder, live.origin)
      tamper(folder, registryOrigin, (lines) => lines.map((text) => text.replace(before, after)))
      signAnew(folder, live.origin, key, keys.witness)
      signAnew(folder, registryOrigin, keys.registry, keys.witness)
    },
    /its first \d+ records are not those that witnesses outside signed: it was rewritten/,
  ],
  [
    'a whole chain is taken out, and out of the log',
    (made) => {
      const { folder, ended, keys } = made
      rmSync(join(folder, 'chains', `${ended.pod.podUid}-0`), { recursive: true })
      tamper(folder, registryOrigin, (lines) => lines.filter((text) => !text.includes(ended.origin)))
      signAnew(folder, registryOrigin, keys.registry, keys.witness)
    },
    /it is truncated|it was rewritten/,
    'integrity:registry',
  ],
  [
    'a chain is sealed anew with the key of a later one',
    ({ folder, ended, live, keys }) =>
      signAnew(folder, ended.origin, { name: ended.origin, kind: 'ed25519', key: live.key }, keys.witness),
    /its checkpoint is not signed by the key that the registry log names/,
  ],
  [
    'another log is shown under the same names, with keys of its own',
    ({ folder }) => {
      const { privateKey } = generateKeyPairSync('ed25519')
      const key = { name: registryOrigin, kind: 'ed25519' as const, key: privateKey }
      signAnew(folder, registryOrigin, key, {
        name: 'hipaa-mcp.dev/witness',
        kind: 'cosignature',
        key: privateKey,
      })
      writeFileSync(pathIn(folder, registryOrigin, 'vkey'), `${vkey(key)}\n`)
    },
    /its key is not the one that the policy pins/,
  ],
]
for (const [what, change, says, id = 'integrity:outside-witness'] of attacks)
  verifies(id, `${what}: the policy’s verifier finds it`, async () => {
    const made = await anExport()
    change(made)

    const report = await check(made)
    expect(report.ok).toBe(false)
    expect(saysOf(report)).toMatch(says)
  })

function rootText(folder: string, origin: string): string {
  return rootOf(linesIn(folder, origin).map((text) => leafHash(Buffer.from(text)))).toString('base64')
}

test('a pod whose clock ran back is told of: its order stays, and the witnesses’ time stands above its own', async () => {
  const { store, trail, outside, policy } = await aTrailOutside()
  const process = await Process.started(trail)
  await process.write(
    anIntent('a', onThatDay('14:13:20')),
    aResult('a', onThatDay('14:13:21')),
    anIntent('b', onThatDay('11:00:00')),
    aResult('b', onThatDay('11:00:01')),
    anIntent('c', onThatDay('14:13:22')),
  )
  await outside.round()
  const folder = join(aFolder(), 'trail')
  await exported(trail, store, folder)
  const report = await check({ folder, policy })

  expect(saysOf(report)).toBe('')
  expect(report.chains).toMatchObject([
    { through: 5, witnessed: 1_790_000_000, clockBack: { index: 3, seconds: 11_601 } },
  ])
  const file = join(aFolder(), 'policy')
  writeFileSync(file, policy)
  expect((await hipaaMcp(['verify', folder, '--policy', file])).out.replaceAll(/\s+/g, ' ')).toContain(
    'its clock went back by 11,601 seconds at record 3',
  )
})

verifies(
  'integrity:outside-witness',
  'a chain that was idle is cut where it grew last, and the time of its silence with it: both are found',
  async () => {
    const { store, trail, outside, policy, clock } = await aTrailOutside()
    const process = await Process.started(trail)
    await process.write(anIntent('a'), aResult('a'))
    await outside.round()
    const before = outside.newest?.note as string
    for (let hour = 0; hour < 3; hour++) {
      clock.now += 3_600_000
      await outside.round()
    }
    const folder = join(aFolder(), 'trail')
    await exported(trail, store, folder)
    expect((await check({ folder, policy })).outside?.time).toBe(1_790_000_000 + 3 * 3600)

    tamper(folder, process.origin, (lines) => lines.slice(0, -1))
    expect(saysOf(await check({ folder, policy }))).toMatch(
      /it has 2 records, record \d+ .* covers 3: it is truncated/,
    )
    // An older signature shows its age, and does not reach the end of the log.
    writeFileSync(witnessedIn(folder), before)
    const older = await check({ folder, policy })
    expect(older.outside?.time).toBe(1_790_000_000)
    expect(saysOf(older)).toMatch(/no witness outside signed its records from \d+ on/)
  },
)

test('a trail that another log and other witnesses signed proves nothing to this auditor', async () => {
  const made = await anExport()
  const other = await anExport()

  expect(saysOf(await check({ folder: other.folder, policy: made.policy }))).toMatch(
    /the policy pins no log of the name/,
  )
  // The right log, and none of the witnesses that this auditor knows.
  const mixed = `${linesOf(other.policy, /^log/)}\n${linesOf(made.policy, /^(witness|group|quorum)/)}\n`
  expect(saysOf(await check({ folder: other.folder, policy: mixed }))).toMatch(
    /none of the policy’s witnesses signed it/,
  )
})

test('the collector’s own key is believed where the policy has it, and then must have signed', async () => {
  const made = await anExport()
  const policy = made.policy.replace('group both', `witness collector ${made.witness}\ngroup both`)
  expect(saysOf(await check({ ...made, policy }))).toBe('')
  for (const origin of [registryOrigin, made.live.origin]) {
    const path = pathIn(made.folder, origin, 'checkpoint')
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^— hipaa-mcp.dev\/witness.*\n/m, ''))
  }

  const says = saysOf(await check({ ...made, policy }))
  for (const where of ['registry', made.live.origin])
    expect(says).toContain(`${where}  its checkpoint is not cosigned by the witness`)
})

test('verify --policy exits 0 for what is proved and 1 for what is not, and says how far', async () => {
  const made = await anExport()
  const file = join(aFolder(), 'policy')
  writeFileSync(file, made.policy)
  const good = await hipaaMcp(['verify', made.folder, '--policy', file])

  expect(good.code).toBe(0)
  expect(good.out.replaceAll(/\s+/g, ' ')).toMatch(
    /outside ours, theirs signed \d+ records of the registry, by 2026-09-21T14:14:20.000Z.*VERIFIED: 2 chains, 11 records Not proved: what happened after/,
  )
  rmSync(witnessedIn(made.folder))
  const bad = await hipaaMcp(['verify', made.folder, '--policy', file, '--json'])
  expect(bad.code).toBe(1)
  expect(JSON.parse(bad.out)).toMatchObject({ ok: false, pinned: 'policy', outside: { size: 0 } })
})

test('keys that come from the export itself prove nothing: that exits 1, and says so', async () => {
  const made = await anExport()
  const unpinned = await hipaaMcp(['verify', made.folder])
  const inside = await hipaaMcp(['verify', made.folder, '--witness', made.witness])

  expect(unpinned.code).toBe(1)
  expect(unpinned.out.replaceAll(/\s+/g, ' ')).toMatch(
    /NOT PROVED: 2 chains, 11 records, which agree.*Not proved: anything: every key was taken from the export/,
  )
  expect(inside.code).toBe(0)
  expect(inside.out.replaceAll(/\s+/g, ' ')).toMatch(
    /VERIFIED.*Not proved: that whoever holds the collector’s store/,
  )
  expect(JSON.parse((await hipaaMcp(['verify', made.folder, '--json'])).out)).toMatchObject({
    ok: false,
    pinned: 'nothing',
    findings: [],
  })
})

test.each([
  ['is not there', undefined, /cannot be read/],
  ['is none', 'witness\n', /Line 1: a witness is written/],
  ['pins no log', 'WITNESSquorum ours\n', /pins no log: add the line/],
  ['asks for nobody', 'LOGquorum none\n', /asks for no witness/],
])('a policy file that %s exits 3, and says what to mend', async (_, text, says) => {
  const made = await anExport()
  const file = join(aFolder(), 'policy')
  const [log, witness] = made.policy.split('\n') as [string, string]
  if (text !== undefined)
    writeFileSync(file, text.replace('LOG', `${log}\n`).replace('WITNESS', `${witness}\n`))
  const { code, notes } = await hipaaMcp(['verify', made.folder, '--policy', file])

  expect(code).toBe(3)
  expect(notes).toMatch(says)
})
