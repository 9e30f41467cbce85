import { expect, test } from 'vitest'
import { strictBase64 } from '../../core/base64.ts'
import { leafHash, rootOf } from '../../core/merkle.ts'
import { inclusionProof } from '../../core/merkle-proof.ts'
import { formatProof, parseProof, provenIn, type TlogProof } from '../../core/tlog-proof.ts'

const records = ['a', 'b', 'c', 'd', 'e'].map((text) => Buffer.from(text))
const leaves = records.map(leafHash)
const note = `example.com/log\n5\n${rootOf(leaves).toString('base64')}\n\n— example.com/log AAAAAAAA\n`
const proofOf = (index: number): TlogProof => ({
  extra: records[index] as Buffer,
  index,
  path: inclusionProof(index, leaves),
  note,
})

test('a proof is read as it was written, and shows where its record is', () => {
  for (let index = 0; index < 5; index++) {
    const proof = proofOf(index)

    expect(parseProof(formatProof(proof))).toEqual(proof)
    expect(provenIn(proof)).toMatchObject({ place: { origin: 'example.com/log', index, size: 5 } })
  }
})

test('its lines are those of C2SP tlog-proof', () => {
  expect(formatProof(proofOf(4))).toBe(
    `c2sp.org/tlog-proof@v1\nextra ZQ==\nindex 4\n${rootOf(leaves.slice(0, 4)).toString('base64')}\n\n${note}`,
  )
})

test('of another record, index, path or root it shows nothing', () => {
  const proof = proofOf(2)

  expect(provenIn({ ...proof, extra: Buffer.from('x') })).toBeUndefined()
  expect(provenIn({ ...proof, index: 3 })).toBeUndefined()
  expect(provenIn({ ...proof, index: 7 })).toBeUndefined()
  expect(provenIn({ ...proof, path: proof.path.toReversed() })).toBeUndefined()
  expect(provenIn({ ...proof, path: proof.path.slice(1) })).toBeUndefined()
  expect(provenIn({ ...proof, note: note.replace('\n5\n', '\n4\n') })).toBeUndefined()
})

const text = formatProof(proofOf(1))
test.each([
  ['of another version', text.replace('@v1', '@v2')],
  ['without its record', text.replace(/extra .*\n/, '')],
  ['with a record in other base64', text.replace('extra Yg==', 'extra Yh==')],
  ['with an index that begins with zero', text.replace('index 1', 'index 01')],
  ['with an index past 2^53', text.replace('index 1', 'index 9007199254740993')],
  ['with a short hash', text.replace(/(index 1\n)[^\n]+/, '$1YWJj')],
  ['without the empty line', text.replace('\n\n', '\n')],
  ['that is empty', ''],
])('a proof %s is none', (_, changed) => {
  expect(() => provenIn(parseProof(changed))).toThrow(TypeError)
})

test('base64 has one form', () => {
  expect(strictBase64('Yg==').toString()).toBe('b')
  for (const other of ['Yh==', 'Yg', 'Yg= =', 'Y g==', 'Yg==\n'])
    expect(() => strictBase64(other)).toThrow(TypeError)
})
