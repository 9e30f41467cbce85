import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { membersOf, recordKinds } from '../../core/record-shape.ts'
import { verifies } from '../verifies.ts'

const document = readFileSync(join(import.meta.dirname, '../../docs/trail-format.md'), 'utf8')

verifies('integrity:format', 'the specification names every kind of record, and each of its members', () => {
  const rows = document.matchAll(/^\| `([a-z-]+)` \| ((?:`\w+\??` ?)+)\|/gm)
  const named = new Map(Array.from(rows, ([, kind, members]) => [kind, members?.match(/\w+/g)?.toSorted()]))

  expect(new Set(named.keys()), 'docs/trail-format.md has a row for each kind').toEqual(
    new Set<string>(recordKinds),
  )
  for (const kind of recordKinds)
    expect(named.get(kind), kind).toEqual(
      membersOf(kind).filter((member) => !['schema', 'at', 'kind'].includes(member)),
    )
})
