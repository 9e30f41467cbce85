import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { folderOfChain } from '../../cli/export-layout.ts'
import { parseVkey, verifyNote } from '../../core/checkpoint.ts'
import { headerIn, recordsIn as recordsOf, scan } from '../../sidecar/trail/frames.ts'
import { verifies } from '../verifies.ts'
import { aFolder, anEmbeddedStore, recordsIn } from './a-trail.ts'

const kept = join(import.meta.dirname, '../fixtures/trail')
const versions = readdirSync(kept)
const exported = (version: string, origin: string, name: string): string =>
  readFileSync(join(kept, version, 'export', folderOfChain(origin), name), 'utf8')

verifies(
  'integrity:format',
  'the store that each version left on the collector’s volume is read',
  async () => {
    for (const version of versions) {
      const folder = join(aFolder(), 'store')
      cpSync(join(kept, version, 'store'), folder, { recursive: true })
      const store = await anEmbeddedStore(folder)
      const chains = (await store.chains()).filter(({ origin }) => !origin.includes('/lab/'))

      expect(chains).toHaveLength(4)
      for (const { origin, vkey, checkpoint } of chains) {
        expect((await recordsIn(store, origin)).map((text) => `${text}\n`).join('')).toBe(
          exported(version, origin, 'records.ndjson'),
        )
        expect([`${vkey}\n`, checkpoint]).toEqual([
          exported(version, origin, 'vkey'),
          exported(version, origin, 'checkpoint'),
        ])
      }
    }
  },
)

verifies('integrity:format', 'the segment that each version left on a pod’s volume is read', () => {
  for (const version of versions) {
    const [name, ...more] = readdirSync(join(kept, version, 'local'))
    expect([name, more]).toEqual(['000000000-000000000.segment', []])
    const { frames, damaged } = scan(readFileSync(join(kept, version, 'local', name as string)))
    const [header, first, note, rest] = frames

    expect([frames.length, damaged]).toEqual([4, false])
    const head = headerIn(header?.payload as Buffer)
    expect(head).toMatchObject({ sequence: 0, first: 0 })
    const origin = head?.origin as string
    const records = [first, rest].flatMap((frame) => recordsOf(frame?.payload as Buffer))
    expect(records.map((bytes) => `${String(bytes)}\n`).join('')).toBe(
      exported(version, origin, 'records.ndjson'),
    )
    expect(verifyNote(String(note?.payload), parseVkey(exported(version, origin, 'vkey').trim()))).toEqual({})
  }
})
