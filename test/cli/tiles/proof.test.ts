import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bodyOf } from '../../../core/checkpoint.ts'
import { coveredBytes } from '../../../core/covered-record.ts'
import { leafHash } from '../../../core/merkle.ts'
import { recordBytes, recordSchema } from '../../../core/record.ts'
import { provenIn } from '../../../core/tlog-proof.ts'
import { aFolder } from '../../collector/a-trail.ts'
import { aRefusal } from '../../core/records.ts'
import { hipaaMcp } from '../../support/command-line.ts'
import { verifies } from '../../verifies.ts'
import { pathIn, tamper } from '../an-export.ts'
import { type LongTrail, tiled } from './a-long-trail.ts'

type Proved = { file: string; vkey: string; proof: string; index: number; origin: string }

/** Proves a record of the trail, and keeps the proof in a file of its own. */
async function prove(folder: string, ...args: string[]): Promise<Proved> {
  const { code, out, notes } = await hipaaMcp(['trail', 'prove', folder, '--json', ...args])
  expect([code, notes]).toEqual([0, ''])
  const made = JSON.parse(out) as Omit<Proved, 'file'>
  const file = join(aFolder(), 'record.tlog-proof')
  writeFileSync(file, made.proof)
  return { ...made, file }
}

const pod = ({ long }: LongTrail): string => `${long.pod.podUid}-0`

verifies(
  'integrity:proof',
  'one record, proved out of an export and out of tiles, is verified without either',
  async () => {
    const made = await tiled()
    const proved = await prove(made.folder, '--call', 'call-200', '--kind', 'result')
    expect((await prove(made.tiles, '--chain', pod(made), '--record', String(proved.index))).proof).toBe(
      proved.proof,
    )
    const args = ['verify', '--proof', proved.file, '--vkey', proved.vkey, '--witness', made.witness]

    const { code, out } = await hipaaMcp([...args, '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({
      ok: true,
      log: { origin: made.long.origin, index: 403, size: 700 },
      witnessed: 1_790_000_060,
      record: String(made.long.records[403]),
      findings: [],
    })
    expect((await hipaaMcp(args)).out).toMatch(
      /index 403 of 700\n.*2026-.*\n\{.*"call":"call-200".*\}\nPROVED:/,
    )
  },
)

test('what stands on the screen is the proof, and how to verify it stands beside', async () => {
  const made = await tiled()
  const { file, proof } = await prove(made.folder, '--chain', 'registry', '--record', '0')
  const { out, notes } = await hipaaMcp(
    ['trail', 'prove', made.folder, '--chain', 'registry', '--record', '0'],
    500,
  )

  expect(`${out}\n`).toBe(proof)
  const [, vkey, witness] = /--vkey '([^']+)' --witness '([^']+)'/.exec(notes) as unknown as [
    string,
    string,
    string,
  ]
  expect((await hipaaMcp(['verify', '--proof', file, '--vkey', vkey, '--witness', witness])).code).toBe(0)
})

verifies(
  'integrity:proof',
  'a changed proof, another key, another log and a missing cosignature are refused',
  async () => {
    const made = await tiled()
    const { file, proof, vkey } = await prove(made.folder, '--chain', pod(made), '--record', '5')
    const shortKey = readFileSync(pathIn(made.folder, made.short.origin, 'vkey'), 'utf8').trim()
    const verify = async (text: string, key = vkey): ReturnType<typeof hipaaMcp> => {
      writeFileSync(file, text)
      return await hipaaMcp(['verify', '--proof', file, '--vkey', key, '--witness', made.witness], 200)
    }
    const lines = proof.split('\n')
    const other = Buffer.from(String(made.long.records[6])).toString('base64')

    expect((await verify(proof)).code).toBe(0)
    for (const [text, says, key] of [
      [lines.with(1, `extra ${other}`).join('\n'), /not at its place in the tree/],
      [proof.replace('index 5', 'index 6'), /not at its place in the tree/],
      [lines.with(3, lines[4] as string).join('\n'), /not at its place in the tree/],
      [proof.replace('\n700\n', '\n701\n'), /not signed by the key of the log/],
      [lines.filter((line) => !line.includes('/witness ')).join('\n'), /not cosigned by the witness/],
      [
        lines.filter((line) => !/^— hipaa-mcp.dev\/clinic/.test(line)).join('\n'),
        /not signed by the key of the log/,
      ],
      [proof, /its checkpoint is that of .*, the key is that of/, shortKey],
      ['words', /Not a proof/],
    ] as const) {
      const { code, out } = await verify(text, key)
      expect([code, out]).toEqual([1, expect.stringMatching(says)])
    }
  },
)

verifies('integrity:proof', 'no changed byte of a proof passes', async () => {
  const made = await tiled()
  const { file, proof, vkey } = await prove(made.folder, '--chain', pod(made), '--record', '5')
  const bytes = Buffer.from(proof)
  for (let at = 0; at < bytes.length; at += 7) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] as number) ^ 1
    writeFileSync(file, changed)
    const { code } = await hipaaMcp(['verify', '--proof', file, '--vkey', vkey, '--witness', made.witness])
    expect(code, `byte ${at}`).toBe(1)
  }
})

verifies(
  'integrity:proof',
  'a record that no checkpoint of its chain covers is proved by the registry log',
  async () => {
    const made = await tiled()
    const { file, proof, vkey } = await prove(made.tiles, '--call', 'running')
    const verify = async (text: string): Promise<{ code: number; out: string }> => {
      writeFileSync(file, text)
      return await hipaaMcp(['verify', '--proof', file, '--vkey', vkey, '--witness', made.witness, '--json'])
    }

    expect(vkey).toMatch(/^hipaa-mcp\.dev\/registry\+/)
    const { code, out } = await verify(proof)
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      log: { origin: made.long.origin, index: 700, size: 701 },
      mark: expect.any(Number) as number,
      record: String(made.long.records[700]),
    })
    const extra = Buffer.from(/^extra (.*)$/m.exec(proof)?.[1] as string, 'base64').toString('utf8')
    for (const [from, to] of [
      ['running', 'walking'],
      ['"index":700', '"index":699'],
      [/"size\\":701/, '"size\\":702'],
      ['hipaa-mcp-covered/1', 'hipaa-mcp-covered/2'],
    ] as const) {
      const changed = Buffer.from(extra.replace(from, to)).toString('base64')
      expect(extra.replace(from, to)).not.toBe(extra)
      expect((await verify(proof.replace(/^extra .*$/m, `extra ${changed}`))).code, String(from)).toBe(1)
    }
  },
)

test('what a log besides the registry says of another chain proves nothing', () => {
  const record = recordBytes(aRefusal('never-happened'))
  const [origin, other] = ['hipaa-mcp.dev/clinic/ehr/evil/0', 'hipaa-mcp.dev/clinic/ehr/good/0']
  const mark = recordBytes({
    schema: recordSchema,
    at: '2026-09-21T14:13:20.000Z',
    kind: 'held',
    origin: other,
    size: 1,
    root: leafHash(record).toString('base64'),
    witnessed: 0,
    by: 'nobody',
  })
  const extra = coveredBytes({ record: String(record), index: 0, path: [], mark: String(mark) })
  const note = (name: string): string =>
    `${bodyOf({ origin: name, size: 1, root: leafHash(mark) })}\n— ${name} AAAAAAAA\n`

  expect(provenIn({ extra, index: 0, path: [], note: note(origin) })).toBeUndefined()
  expect(provenIn({ extra, index: 0, path: [], note: note('hipaa-mcp.dev/registry') })?.place.origin).toBe(
    other,
  )
})

test('what cannot be proved is not', async () => {
  const made = await tiled()
  const fails = async (...args: string[]): Promise<string> => {
    const { code, notes } = await hipaaMcp(['trail', 'prove', made.folder, ...args], 300)
    return `${code} ${notes}`
  }

  expect(await fails('--chain', pod(made), '--record', '701')).toMatch(
    /^3 Record 701 .* not covered by anything signed/,
  )
  expect(await fails('--call', 'nobody')).toMatch(/^3 No record of the call nobody/)
  expect(await fails('--call', 'call-1')).toMatch(
    /^2 The call has 2 records.*\n {2}intent: record 4 of .*\n {2}result: record 5 of/,
  )
  expect(await fails('--record', '1')).toMatch(/^2 Say in which chain/)
  expect(await fails('--record', '1', '--chain', 'other')).toMatch(/^3 There is no such chain/)
  expect(await fails('--record', '-1')).toMatch(/^2 /)
  expect(await fails()).toMatch(/^2 Give --record N or --call ID/)
  tamper(made.folder, made.long.origin, (lines) => lines.toSpliced(50, 1))
  expect(await fails('--chain', pod(made), '--record', '5')).toMatch(
    /^3 The records are not those that were signed/,
  )
  expect((await hipaaMcp(['verify', '--proof', 'x'])).code).toBe(2)
  expect((await hipaaMcp(['verify', '--proof', 'x', '--vkey', 'words'])).code).toBe(2)
  expect((await hipaaMcp(['verify', made.folder, '--proof', 'x'])).code).toBe(2)
  for (const option of ['--policy', '--earlier', '--server'])
    expect((await hipaaMcp(['verify', '--proof', 'x', '--vkey', 'k', option, 'y'])).notes).toMatch(
      `${option} is for a trail`,
    )
})
