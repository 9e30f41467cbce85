import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { folderSource } from '../../cli/trail/folder-source.ts'
import { readTrail } from '../../cli/trail/read.ts'
import { checkExport, type Report } from '../../cli/verify/export-check.ts'
import { linesOf } from '../../cli/verify/lines.ts'
import { cosign, signCheckpoint, vkey } from '../../core/checkpoint.ts'
import { leafHash, rootOf } from '../../core/merkle.ts'
import { aFolder, anEmbeddedStore, aTrail, Process } from '../collector/a-trail.ts'
import { aClose, anIntent, aRefusal, aResult } from '../core/records.ts'
import { verifies } from '../verifies.ts'
import { anExport, type Export, exported, line, pathIn, tamper } from './an-export.ts'

const registry = 'hipaa-mcp.dev/registry'
const check = async (folder: string, witness?: string): Promise<Report> =>
  await checkExport({
    source: folderSource(folder),
    ...(witness === undefined ? {} : { witness }),
    read: () => undefined,
  })
/** Whether the verification, with the witness's key pinned, finds something of that chain. */
const found = async ({ folder, witness }: Export, where: string): Promise<string[]> =>
  (await check(folder, witness)).findings
    .filter((each) => each.where === where)
    .map(({ index, says }) => `${index ?? ''} ${says}`)

verifies(
  'integrity:chain',
  'an untouched trail verifies, and the report says how far and since when',
  async () => {
    const { folder, witness, closed, died, live } = await anExport()
    const report = await check(folder, witness)

    expect(report.findings).toEqual([])
    expect(report).toMatchObject({
      ok: true,
      server: 'clinic/ehr',
      witness: { vkey: witness, pinned: true },
      registry: { witnessed: 1_790_000_000 },
      chains: [
        { origin: closed.origin, state: 'closed', records: 8, through: 7, unknown: [], open: 0 },
        { origin: died.origin, state: 'succeeded', records: 7, through: 6, unknown: ['lost'] },
        { origin: live.origin, state: 'live', records: 9, through: 8, unknown: [], open: 1 },
      ],
    })
    expect((await check(folder)).witness.pinned).toBe(false)
  },
)

verifies('integrity:chain', 'no changed byte of any record of any chain passes', async () => {
  const made = await anExport()
  const origins = [made.closed.origin, made.died.origin, made.live.origin, registry]
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...origins),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      async (origin, at, by) => {
        const path = pathIn(made.folder, origin, 'records.ndjson')
        const bytes = readFileSync(path)
        const changed = Buffer.from(bytes)
        changed[at % bytes.length] = (changed[at % bytes.length] as number) ^ by
        writeFileSync(path, changed)
        const { ok } = await check(made.folder, made.witness)
        writeFileSync(path, bytes)
        expect(ok).toBe(false)
      },
    ),
    { numRuns: 40 },
  )
  expect((await check(made.folder, made.witness)).ok).toBe(true)
})

verifies(
  'integrity:chain',
  'a record that is changed into another valid one is found, with its place',
  async () => {
    const made = await anExport()
    tamper(made.folder, made.closed.origin, (lines) =>
      lines.with(6, line(aRefusal('a3', { reason: 'other' }))),
    )

    expect(await found(made, made.closed.origin)).toEqual([
      expect.stringMatching(/one or more of records 0 to 7 are not what/) as string,
    ])
  },
)

verifies('integrity:chain', 'a changed byte is found in the very record where it is', async () => {
  const made = await anExport()
  tamper(made.folder, made.died.origin, (lines) =>
    lines.with(3, (lines[3] as string).replace('"b1"', '"b1" ')),
  )

  expect((await found(made, made.died.origin))[0]).toMatch(/^3 it is no record in canonical form/)
})

test.each([
  [
    'dropped in the middle',
    (lines: string[]) => lines.toSpliced(2, 1),
    /it has 7 records, .* covers 8: it is truncated/,
  ],
  ['dropped at the end', (lines: string[]) => lines.slice(0, -1), /it is truncated/],
  ['all dropped', () => [], /it is truncated/],
  [
    'reordered',
    (lines: string[]) => lines.with(2, lines[4] as string).with(4, lines[2] as string),
    /are not what/,
  ],
  [
    'doubled',
    (lines: string[]) => lines.toSpliced(3, 0, lines[3] as string),
    /no signature covers it|already/,
  ],
  ['added at the end', (lines: string[]) => [...lines, line(aRefusal('x'))], /no signature covers it/],
  ['made an empty line', (lines: string[]) => lines.with(3, ''), /3 it is no record/],
])('of a chain, records that are %s are found', async (_, change, says) => {
  const made = await anExport()
  tamper(made.folder, made.closed.origin, change)

  expect((await found(made, made.closed.origin)).join('\n')).toMatch(says)
})

verifies(
  'integrity:chain',
  'the newest records of a live chain, which no checkpoint covers yet, are covered as well',
  async () => {
    const made = await anExport()
    tamper(made.folder, made.live.origin, (lines) =>
      lines.with(8, line(anIntent('running', { role: 'other' }))),
    )
    expect((await found(made, made.live.origin)).join()).toMatch(
      /one or more of records 6 to 8 are not what record \d+ of the registry log says/,
    )

    tamper(made.folder, made.live.origin, (lines) => lines.slice(0, 6))
    expect((await found(made, made.live.origin)).join()).toMatch(
      /it has 6 records, record \d+ of the registry log covers 9: it is truncated/,
    )
  },
)

verifies(
  'integrity:chain',
  'a manifest that names a server without a chain does not make an empty trail of it',
  async () => {
    const made = await anExport()
    const path = join(made.folder, 'manifest.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"clinic/ehr"', '"clinic/nobody"'))
    rmSync(join(made.folder, 'chains'), { recursive: true })

    const report = await check(made.folder, made.witness)

    expect(report.ok).toBe(false)
    expect(report.findings).toEqual([
      { where: 'clinic/nobody', says: 'the registry log registers no chain of this server' },
    ])
  },
)

test('a folder or a pipe in the place of records is no record, and nobody waits for it', async () => {
  const made = await anExport()
  const path = pathIn(made.folder, made.closed.origin, 'records.ndjson')
  for (const put of [() => mkdirSync(path), () => spawnSync('mkfifo', [path])]) {
    rmSync(path, { recursive: true })
    put()
    expect((await found(made, made.closed.origin)).join()).toMatch(
      /it is missing: record \d+ of the registry/,
    )
    const { records } = await readTrail({ source: folderSource(made.folder), read: () => undefined })
    for await (const { origin } of records) expect(origin).not.toBe(made.closed.origin)
  }
})

test.each(['checkpoint', 'vkey', 'manifest.json'])(
  'a pipe in the place of %s is none, and nobody waits for it',
  async (name) => {
    const made = await anExport()
    const path =
      name === 'manifest.json' ? join(made.folder, name) : pathIn(made.folder, made.closed.origin, name)
    rmSync(path)
    spawnSync('mkfifo', [path])

    if (name === 'manifest.json') await expect(found(made, made.closed.origin)).rejects.toThrow(/is missing/)
    else expect((await found(made, made.closed.origin)).length).toBeGreaterThan(0)
  },
)

verifies('integrity:chain', 'the last newline is part of the record', async () => {
  const made = await anExport()
  const path = pathIn(made.folder, made.closed.origin, 'records.ndjson')
  writeFileSync(path, readFileSync(path).subarray(0, -1))

  expect((await found(made, made.closed.origin)).join()).toMatch(/ends in the middle/)
})

verifies('integrity:registry', 'a whole chain is missing', async () => {
  const made = await anExport()
  rmSync(join(made.folder, 'chains', `${made.closed.pod.podUid}-0`), { recursive: true })

  expect((await found(made, made.closed.origin))[0]).toMatch(
    /it is missing: record 0 of the registry log registers it/,
  )
})

verifies(
  'integrity:registry',
  'a whole chain is missing, and its registration was cut out as well',
  async () => {
    const made = await anExport()
    rmSync(join(made.folder, 'chains', `${made.closed.pod.podUid}-0`), { recursive: true })
    tamper(made.folder, registry, (lines) => lines.filter((text) => !text.includes(made.closed.origin)))

    expect((await found(made, 'registry')).join()).toMatch(/its checkpoint covers/)
  },
)

verifies('integrity:registry', 'a chain was put there that nobody registered', async () => {
  const made = await anExport()
  const from = join(made.folder, 'chains', `${made.closed.pod.podUid}-0`)
  cpSync(from, join(made.folder, 'chains', `${made.closed.pod.podUid}-7`), { recursive: true })

  expect(await found(made, `chains/${made.closed.pod.podUid}-7`)).toHaveLength(1)
})

verifies('integrity:registry', 'a chain stands in the place of another', async () => {
  const made = await anExport()
  const [a, b] = [0, 1].map((restart) =>
    join(made.folder, 'chains', `${made.died.pod.podUid}-${restart}`),
  ) as [string, string]
  renameSync(a, `${a}.x`)
  renameSync(b, a)
  renameSync(`${a}.x`, b)

  expect((await found(made, made.died.origin)).join()).toMatch(/start of another chain/)
})

test.each(['the signature of the process', 'the cosignature of the witness'])(
  '%s stripped off a checkpoint is found',
  async (which) => {
    const made = await anExport()
    for (const origin of [made.closed.origin, registry]) {
      const path = pathIn(made.folder, origin, 'checkpoint')
      const [body, signatures] = readFileSync(path, 'utf8').split('\n\n') as [string, string]
      const kept = signatures
        .split('\n')
        .filter((text) => text.includes('/witness ') !== which.includes('witness'))
      writeFileSync(path, `${body}\n\n${kept.join('\n')}`.replace(/\n*$/, '\n'))
    }

    expect((await found(made, made.closed.origin)).join()).toMatch(/not signed|not cosigned/)
    expect((await found(made, 'registry')).join()).toMatch(/not signed|not cosigned/)
  },
)

verifies('integrity:chain', 'a checkpoint that was taken away is missed', async () => {
  const made = await anExport()
  rmSync(pathIn(made.folder, made.closed.origin, 'checkpoint'))
  rmSync(pathIn(made.folder, made.live.origin, 'checkpoint'))

  expect((await found(made, made.live.origin)).join()).toMatch(
    /a checkpoint of 6 records was cosigned, and is not here/,
  )
  expect((await found(made, made.closed.origin)).join()).toMatch(
    /a checkpoint of 8 records was cosigned, and is not here/,
  )
  rmSync(pathIn(made.folder, registry, 'checkpoint'))
  expect((await found(made, 'registry')).join()).toMatch(/its checkpoint is missing/)
})

verifies(
  'integrity:chain',
  'a forger who signs everything anew with keys of his own is found by the pinned witness',
  async () => {
    const made = await anExport()
    const forger = new Process(made.trail).key
    const witness = { name: 'hipaa-mcp.dev/witness', kind: 'cosignature' as const, key: forger }
    const { origin } = made.closed
    const log = { name: origin, kind: 'ed25519' as const, key: forger }
    // The chain with one record less, its key in the registry log swapped, both signed anew.
    tamper(made.folder, origin, (lines) => lines.toSpliced(2, 2))
    tamper(made.folder, registry, (lines) =>
      lines
        .filter((text) => !(text.includes('"ended"') && text.includes(origin)))
        .map((text) =>
          text.includes(made.closed.origin) && text.includes('registered')
            ? text.replace(/"vkey":"[^"]+"/, `"vkey":"${vkey(log)}"`)
            : text,
        ),
    )
    const sign = (name: string, key: typeof log): void => {
      const lines = readFileSync(pathIn(made.folder, name, 'records.ndjson'), 'utf8')
        .split('\n')
        .slice(0, -1)
      const checkpoint = {
        origin: name,
        size: lines.length,
        root: rootOf(lines.map((text) => leafHash(Buffer.from(text)))),
      }
      writeFileSync(
        pathIn(made.folder, name, 'checkpoint'),
        signCheckpoint(checkpoint, key) + cosign(checkpoint, witness, 1_790_000_000),
      )
      writeFileSync(pathIn(made.folder, name, 'vkey'), `${vkey(key)}\n`)
    }
    sign(origin, log)
    sign(registry, { ...log, name: registry })

    expect((await found(made, 'registry')).join()).toMatch(/not cosigned by the witness/)
    expect((await found(made, origin)).join()).toMatch(/not cosigned by the witness/)
    // Without the pin, and with the export's own witness swapped too, this chain's forgery is not seen: the report says so.
    const path = join(made.folder, 'manifest.json')
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(/"witness": "[^"]+"/, `"witness": "${vkey(witness)}"`),
    )
    const unpinned = await check(made.folder)
    expect(unpinned.witness.pinned).toBe(false)
    expect(unpinned.findings.filter(({ where }) => where === origin || where === 'registry')).toEqual([])
  },
)

verifies('integrity:chain', 'a swapped key of a chain is found', async () => {
  const made = await anExport()
  writeFileSync(
    pathIn(made.folder, made.closed.origin, 'vkey'),
    readFileSync(pathIn(made.folder, made.live.origin, 'vkey')),
  )

  expect(await found(made, made.closed.origin)).toEqual([
    ' its key is not the one that the registry log names',
  ])
})

verifies(
  'audit:unknown',
  'a call without result that the log does not list is found, and so is one that it lists wrongly',
  async () => {
    // A collector that lies: its log says nothing is unknown, or invents a call.
    const store = await anEmbeddedStore()
    const trail = await aTrail(store)
    const process = await Process.started(trail)
    await process.write(anIntent('lost'))
    for (const unknown of [[], ['lost', 'invented']]) {
      const folder = join(aFolder(), 'trail')
      await trail.registry.update(() => [
        {
          kind: 'ended',
          origin: process.origin,
          size: 2,
          root: rootOf(process.records.map(leafHash)).toString('base64'),
          how: 'silent',
          witnessed: 0,
          unknown,
        },
      ])
      await exported(trail, store, folder)
      const { findings } = await check(folder)
      expect(findings.map(({ says }) => says).join('\n')).toMatch(
        unknown.length === 0 ? /call lost has no result/ : /invented as unknown/,
      )
    }
  },
)

test('results without intent, second results and intents, and records after the close are found', async () => {
  // Records that a broken sidecar wrote: signed and witnessed, and still wrong.
  const store = await anEmbeddedStore()
  const trail = await aTrail(store)
  const process = await Process.started(trail)
  await process.write(
    aResult('never'),
    anIntent('twice'),
    anIntent('twice'),
    aResult('twice'),
    aResult('twice'),
    aClose(),
  )
  const folder = join(aFolder(), 'trail')
  await exported(trail, store, folder)

  expect((await check(folder)).findings.map(({ index, says }) => `${index} ${says}`)).toEqual([
    '1 its call has no intent, or a result already',
    '3 its call has an intent already',
    '5 its call has no intent, or a result already',
  ])
})

test('an export of another server is not taken for the one that is wanted', async () => {
  const { folder } = await anExport()
  const report = await checkExport({
    source: folderSource(folder),
    server: 'clinic/other',
    read: () => undefined,
  })

  expect(report.ok).toBe(false)
  expect(report.findings.map(({ says }) => says).join()).toMatch(/this is an export of clinic\/ehr/)
})

test('an export that is cut off leaves nothing that looks like one', async () => {
  const { folder, trail, store, witness } = await anExport()
  await expect(exported(trail, store, folder)).rejects.toThrow(/not empty/)
  const { writeExport } = await import('../../cli/export-write.ts')
  async function* cut(): AsyncGenerator<never> {
    yield { chain: registry, vkey: witness, witness } as never
  }
  const other = join(aFolder(), 'cut')
  await expect(
    writeExport(cut(), { folder: other, server: 'a/b', now: '', read: () => undefined }),
  ).rejects.toThrow(/cut off/)
  await expect(check(other)).rejects.toThrow(/There is no export/)
})

verifies('integrity:chain', 'a file of one endless line is cut off where no record could go on', async () => {
  const made = await anExport()
  const path = pathIn(made.folder, made.closed.origin, 'records.ndjson')
  const whole = readFileSync(path)
  writeFileSync(path, Buffer.concat([Buffer.alloc(5 << 20, 'x'), whole]))
  const read: number[] = []
  for await (const { bytes } of linesOf(path)) read.push(bytes.length)

  expect(read).toEqual([1 << 20])
  expect(await found(made, made.closed.origin)).toContainEqual(
    expect.stringMatching(/^0 it is no record in canonical form/) as string,
  )
})
