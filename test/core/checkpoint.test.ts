import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  bodyOf,
  cosign,
  type NoteKey,
  parseNote,
  parseVkey,
  signCheckpoint,
  verifyNote,
  vkey,
} from '../../core/checkpoint.ts'
import { leafHash } from '../../core/merkle.ts'
import { verifies } from '../verifies.ts'

const aKey = (name: string, kind: NoteKey['kind'] = 'ed25519'): NoteKey => ({
  name,
  kind,
  key: generateKeyPairSync('ed25519').privateKey,
})
const root = leafHash(Buffer.from('a'))
const aCheckpoint = { origin: 'example.com/log', size: 7, root }

// Published by the Go checksum database, and the key that every Go tool has built in.
const sumdb = `go.sum database tree
66398721
5oXTdOltbW8oy+WAHSPYkUE7FskIY/5ZJCYGy+buJ3g=

— sum.golang.org Az3grkwAPWdf0j0QaqFdZ3Hg/pDusO9we04GR+upDAujfj+kau8VzeyO7Xqw0j0qZNnwMvwiV98DluG2iyB8t4v4WQU=
`
const sumdbKey = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8'

// The example of C2SP tlog-cosignature.
const behindTheSofa = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZ\\nqhf5nNo0xUe+mbIUBkBIfZ+qnA==
`.replace('\\n', '')

verifies('integrity:third-party', 'a checkpoint that the Go checksum database signed', () => {
  const key = parseVkey(sumdbKey)

  expect(vkey(key)).toBe(sumdbKey)
  expect(verifyNote(sumdb, key)).toEqual({})
  expect(verifyNote(sumdb.replace('66398721', '66398722'), key)).toBeUndefined()
})

test('the example of C2SP tlog-cosignature is read: checkpoint, signature, cosignature with its time', () => {
  const { checkpoint, signatures } = parseNote(behindTheSofa)

  expect(checkpoint.size).toBe(20852163)
  expect(signatures.map(({ name }) => name)).toEqual([
    'example.com/behind-the-sofa',
    'witness.example.com/w1',
  ])
  expect(signatures[1]?.bytes.length).toBe(72)
  expect(Number(signatures[1]?.bytes.readBigUInt64BE(0))).toBe(1679315147)
})

test('a signed and cosigned checkpoint verifies with both keys, and says when it was witnessed', () => {
  const log = aKey('example.com/log')
  const witness = aKey('example.com/witness', 'cosignature')
  const note = signCheckpoint(aCheckpoint, log) + cosign(aCheckpoint, witness, 1_790_000_000)

  expect(verifyNote(note, parseVkey(vkey(log)))).toEqual({})
  expect(verifyNote(note, parseVkey(vkey(witness)))).toEqual({ time: 1_790_000_000 })
  expect(parseNote(note).checkpoint).toEqual(aCheckpoint)
})

test('another key, another name, and a signature of another kind do not verify', () => {
  const log = aKey('example.com/log')
  const note = signCheckpoint(aCheckpoint, log)

  expect(verifyNote(note, aKey('example.com/log'))).toBeUndefined()
  expect(verifyNote(note, { ...log, name: 'example.com/other' })).toBeUndefined()
  expect(verifyNote(note, { ...log, kind: 'cosignature' })).toBeUndefined()
})

test('a cosignature is no signature of the log, though the key be the same', () => {
  const key = aKey('example.com/log')
  const cosignature = cosign(aCheckpoint, { ...key, kind: 'cosignature' }, 5)
  const note = `${bodyOf(aCheckpoint)}\n${cosignature}`

  expect(verifyNote(note, key)).toBeUndefined()
})

verifies('integrity:chain', 'no changed byte of a checkpoint passes', () => {
  const log = aKey('example.com/log')
  const witness = aKey('example.com/witness', 'cosignature')
  const note = Buffer.from(signCheckpoint(aCheckpoint, log) + cosign(aCheckpoint, witness, 1_790_000_000))
  const passes = (bytes: Buffer): boolean => {
    const text = bytes.toString('utf8')
    try {
      return verifyNote(text, log) !== undefined && verifyNote(text, witness) !== undefined
    } catch {
      return false
    }
  }

  expect(passes(note)).toBe(true)
  for (let at = 0; at < note.length; at++)
    for (const bit of [1, 2, 4, 16, 64]) {
      const changed = Buffer.from(note)
      changed[at] = (changed[at] as number) ^ bit
      expect(passes(changed), `byte ${at}, bit ${bit}`).toBe(false)
    }
})

test.each([
  ['no signature', `${bodyOf(aCheckpoint)}\n`],
  ['no empty line', bodyOf(aCheckpoint)],
  ['an extension line', `${bodyOf(aCheckpoint)}more\n\n— a AAAAAAAA\n`],
  ['a size with a leading zero', sumdb.replace('66398721', '066398721')],
  ['a negative size', sumdb.replace('66398721', '-1')],
  ['a size past 2^53', sumdb.replace('66398721', '9007199254740993')],
  ['a short root', sumdb.replace('5oXTdOltbW8oy', '')],
  ['base64 with other padding bits', sumdb.replace('t4v4WQU=', 't4v4WQV=')],
  ['an empty origin', sumdb.replace('go.sum database tree', '')],
  ['a hyphen for the dash', sumdb.replace('—', '-')],
  ['no newline at its end', sumdb.trimEnd()],
])('a note with %s is refused', (_, note) => {
  expect(() => parseNote(note)).toThrow(TypeError)
})

test.each([
  ['whose hash does not fit', sumdbKey.replace('033de0ae', '033de0af')],
  ['whose name was changed', sumdbKey.replace('sum.golang', 'sum.g0lang')],
  ['with a short key', 'a+00000000+AQ=='],
  ['of an unknown kind', sumdbKey.replace('+Ac4', '+Cc4')],
  ['that is a word', 'key'],
])('a verifier key %s is refused', (_, text) => {
  expect(() => parseVkey(text)).toThrow(TypeError)
})

test('what is signed is what is read, for any origin and size', () => {
  const origin = fc.stringMatching(/^[a-z][a-z0-9./-]{0,40}$/)
  fc.assert(
    fc.property(
      origin,
      fc.maxSafeNat(),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      (name, size, hash) => {
        const checkpoint = { origin: name, size, root: Buffer.from(hash) }
        const key = aKey(name)
        const note = signCheckpoint(checkpoint, key)
        expect(parseNote(note).checkpoint).toEqual(checkpoint)
        expect(verifyNote(note, parseVkey(vkey(key)))).toEqual({})
      },
    ),
    { numRuns: 50 },
  )
})
