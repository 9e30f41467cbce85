import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { type NoteKey, vkey } from '../../core/checkpoint.ts'
import { BadPolicy, parseWitnessPolicy, quorumTime } from '../../core/witness-policy.ts'

const aKey = (name: string, kind: NoteKey['kind'] = 'cosignature'): string =>
  vkey({ name, kind, key: generateKeyPairSync('ed25519').privateKey })
const log = aKey('example.com/log', 'ed25519')
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => aKey(`${name}.example`)) as [
  string,
  string,
  string,
  string,
]

// The shape of the specification's own example: two of ours and one of theirs.
const text = `# Two of ours, one of theirs.
log ${log}

witness\tA ${a} https://a.example/witness
  witness B ${b}
witness C ${c}
group ours 2 A B C
witness D ${d}
group theirs any D
group both all ours theirs
quorum both
`
const policy = parseWitnessPolicy(text)

test('logs, witnesses with their URLs, groups and the quorum are read', () => {
  expect(policy.logs.map(({ key }) => vkey(key))).toEqual([log])
  expect(policy.witnesses.map(({ name, key, url }) => [name, vkey(key), url])).toEqual([
    ['A', a, 'https://a.example/witness'],
    ['B', b, undefined],
    ['C', c, undefined],
    ['D', d, undefined],
  ])
  expect(policy.quorum).toBe('both')
})

test.each([
  ['nobody', {}, undefined],
  ['two of ours and none of theirs', { A: 10, B: 11, C: 12 }, undefined],
  ['one of ours and theirs', { A: 10, D: 11 }, undefined],
  ['enough', { A: 10, B: 12, D: 11 }, 12],
  ['more than enough: the last that was needed counts', { A: 10, B: 12, C: 99, D: 11 }, 12],
  ['theirs last', { A: 10, B: 12, D: 50 }, 50],
  ['somebody whom the policy does not know', { A: 10, E: 11, D: 12 }, undefined],
])('when %s signed, the quorum is met since %j', (_, times, since) => {
  expect(quorumTime(policy, new Map(Object.entries(times)))).toBe(since)
})

test('a quorum of none is met by nobody', () => {
  const none = parseWitnessPolicy(`witness A ${a}\nquorum none\n`)
  expect(quorumTime(none, new Map([['A', 10]]))).toBeUndefined()
})

test.each([
  ['no quorum', `log ${log}\n`, /Line 2: .*without a quorum/],
  ['two quorums', 'quorum none\nquorum none\n', /Line 2: there is a quorum already/],
  ['a quorum that is defined below', `quorum A\nwitness A ${a}\n`, /Line 1: the quorum names/],
  ['an unknown keyword', 'witnes A\n', /Line 1: a line begins with/],
  ['a keyword of JavaScript', 'constructor A\n', /Line 1: a line begins with/],
  ['a log key where a witness stands', `witness A ${log}\n`, /not the verifier key of a witness/],
  ['a witness key where a log stands', `log ${a}\n`, /not the verifier key of a log/],
  ['the same key under two names', `witness A ${a}\nwitness B ${a}\n`, /Line 2: another line has this key/],
  ['the same log twice', `log ${log}\nlog ${log}\n`, /Line 2: another line has this key/],
  ['two keys under one name', `witness A ${a}\nwitness A ${b}\n`, /Line 2: this name is taken/],
  ['a witness called none', `witness none ${a}\n`, /this name is taken/],
  ['a group of nobody', 'group g any\n', /a group is written/],
  ['a group of itself', 'group g any g\n', /not defined above/],
  ['a group with none', 'group g any none\n', /not defined above/],
  ['a group that needs more than it has', `witness A ${a}\ngroup g 2 A\n`, /from 1 to 1/],
  ['a group that needs nobody', `witness A ${a}\ngroup g 0 A\n`, /from 1 to 1/],
  ['a witness that counts twice in a group', `witness A ${a}\ngroup g 2 A A\n`, /stands in a group already/],
  [
    'a witness that counts in two groups',
    `witness A ${a}\ngroup g any A\ngroup h any A\n`,
    /Line 3: .*stands in a group already/,
  ],
  ['a carriage return', 'quorum none\r\n', /control character/],
])('a file with %s is refused, and the line named', (_, wrong, says) => {
  expect(() => parseWitnessPolicy(wrong)).toThrow(BadPolicy)
  expect(() => parseWitnessPolicy(wrong)).toThrow(says)
})
