import { expect, test } from 'vitest'
import { rightOf } from '../../../sidecar/guard/rights.ts'
import { verifies } from '../../verifies.ts'

const none = '0000000000000000'
const some = '00000000000014c0'

/** As the kernel tells it of a thread, but for what is said otherwise. */
const status = (other: { [field: string]: string } = {}) =>
  Object.entries({
    Name: 'node',
    Uid: '64103\t64103\t64103\t64103',
    Gid: '64103\t64103\t64103\t64103',
    Groups: '',
    CapInh: none,
    CapPrm: none,
    CapEff: none,
    // What a program with more rights could bring back, which NoNewPrivs forbids.
    CapBnd: some,
    CapAmb: none,
    NoNewPrivs: '1',
    ...other,
  })
    .map(([field, value]) => `${field}:\t${value}\n`)
    .join('')

test('a thread of a user without capabilities has no right', () => {
  expect(rightOf(status())).toBeUndefined()
})

const ids = (place: number, id: number) => [0, 1, 2, 3].map((at) => (at === place ? id : 64_103)).join('\t')

verifies('transit:guard-proved', 'any user or group of root’s or of the sidecar’s is a right', () => {
  for (const [field, word] of [
    ['Uid', 'user'],
    ['Gid', 'group'],
  ] as const)
    for (const id of [0, 64_101])
      for (const place of [0, 1, 2, 3])
        expect(rightOf(status({ [field]: ids(place, id) })), `${field} ${place}`).toContain(`runs as ${word}`)
})

verifies('transit:guard-proved', 'a capability in any set that a thread can use is a right', () => {
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'])
    expect(rightOf(status({ [set]: some }))).toContain(set)
})

verifies(
  'transit:guard-proved',
  'so are new rights from a program, and what the kernel does not tell',
  () => {
    expect(rightOf(status({ NoNewPrivs: '0' }))).toContain('NoNewPrivs')
    for (const field of ['Uid', 'Gid', 'CapInh', 'CapPrm', 'CapEff', 'CapAmb', 'NoNewPrivs'])
      expect(rightOf(status().replace(new RegExp(`^${field}:.*\n`, 'm'), '')), field).toBeDefined()
  },
)
