// Every message that the official schemas know is served or refused by a table, in every revision and both directions.

import * as core from '@modelcontextprotocol/core'
import * as sdk from '@modelcontextprotocol/sdk/types.js'
import { expect, test } from 'vitest'
import { type Revision, revisions } from '../../sidecar/exchange.ts'
import { serverMessages, streamedRow } from '../../sidecar/from-server/messages.ts'
import { methods, pipelineFor } from '../../sidecar/methods.ts'
import { refusedMethods, whys } from '../../sidecar/refused-methods.ts'
import { protocolDocument } from '../protocol-document.ts'
import { aPolicy } from '../support/policy.ts'
import { verifies } from '../verifies.ts'

/** What a union of zod schemas shows of its members: each names its method as a literal. */
type Union = {
  readonly options: readonly { readonly shape: { readonly method: { readonly value: string } } }[]
}

const directions = [
  { from: 'caller', kind: 'request', of: 'ClientRequestSchema' },
  { from: 'caller', kind: 'notification', of: 'ClientNotificationSchema' },
  { from: 'caller', kind: 'response', of: 'ServerRequestSchema' },
  { from: 'server', kind: 'request', of: 'ServerRequestSchema' },
  { from: 'server', kind: 'notification', of: 'ServerNotificationSchema' },
] as const

function methodsOf(union: Union): string[] {
  return union.options.map(({ shape }) => shape.method.value)
}

const specified = directions.flatMap(({ from, kind, of }) =>
  [...new Set([core[of], sdk[of]].flatMap((union) => methodsOf(union as unknown as Union)))].flatMap(
    (method) => revisions.map((revision) => `${from} ${kind} ${method} ${revision}`),
  ),
)

type Row = { readonly method: string; readonly revisions: readonly Revision[] }
const keys = (from: string, kind: string, { method, revisions: all }: Row): string[] =>
  all.map((revision) => `${from} ${kind} ${method} ${revision}`)
const served = [
  ...methods.flatMap((row) => keys('caller', row.direction, row)),
  ...serverMessages.flatMap((row) => keys('server', row.kind, row)),
]
const refused = refusedMethods.flatMap((row) => keys(row.from, row.kind, row))

test('the schemas are read: they hold the methods that every revision has, and those of one alone', () => {
  expect(specified).toContain('caller request tools/call 2026-07-28')
  expect(specified).toContain('caller request server/discover 2025-06-18')
  expect(specified).toContain('server request tasks/list 2025-11-25')
  expect(specified).toContain('server notification notifications/subscriptions/acknowledged 2026-07-28')
  expect(specified.length).toBeGreaterThan(120)
})

verifies('access:unknown-method', 'every message of the official schemas stands in a table', () => {
  const known = new Set([...served, ...refused])

  expect(specified.filter((one) => !known.has(one))).toEqual([])
})

verifies('access:unknown-method', 'no message is both served and refused, nor named twice', () => {
  const all = [...served, ...refused]

  expect(all.filter((one, at) => all.indexOf(one) !== at)).toEqual([])
})

verifies(
  'access:unknown-method',
  'what the table refuses is refused, each for a reason that is given',
  () => {
    const everything = aPolicy({
      fromServer: {
        progress: { text: 'Keep' },
        logging: { text: 'Keep' },
        sampling: { text: 'Keep' },
        elicitation: { text: 'Keep', modes: ['form', 'url'], hosts: [] },
        completion: { text: 'Keep' },
        roots: {},
        listChanged: {},
      },
    })
    for (const { method, from, kind, revisions: all } of refusedMethods)
      for (const revision of all)
        if (from === 'caller')
          expect(() => pipelineFor({ kind, method, params: {} }, revision, everything)).toThrow()
        else if (kind === 'request' || kind === 'notification')
          expect(streamedRow(method, kind, revision)).toBeUndefined()

    expect([...new Set(refusedMethods.map(({ why }) => why))].toSorted()).toEqual(
      Object.keys(whys).toSorted(),
    )
  },
)

test('the document names every message, in lines of 80 columns', () => {
  const lines = protocolDocument().split('\n')

  expect(lines.filter((line) => line.length > 80)).toEqual([])
  const named = new Set(lines.flatMap((line) => /^\| `([^`]+)` \|/.exec(line)?.[1] ?? []))
  expect(
    [...new Set(specified.map((one) => one.split(' ')[2]))].filter((one) => !named.has(String(one))),
  ).toEqual([])
})
