import { readFile } from 'node:fs/promises'
import { expect } from 'vitest'
import { type Document, parseAllDocuments } from 'yaml'
import { celOf } from '../../cel.ts'
import { verifies } from '../../verifies.ts'

type Policy = {
  spec: { variables: { name: string; expression: string }[]; validations: { expression: string }[] }
}

const options: [deleteOptions: object | undefined, allowed: boolean][] = [
  [{ preconditions: { uid: 'uid-a' } }, true],
  [{ preconditions: { uid: 'uid-a', resourceVersion: '7' } }, true],
  [{ preconditions: { uid: '' } }, false],
  [{ preconditions: { resourceVersion: '7' } }, false],
  [{ preconditions: {} }, false],
  [{}, false],
  [undefined, false],
  [{ preconditions: { uid: 'uid-a' }, gracePeriodSeconds: 0 }, false],
  [{ preconditions: { uid: 'uid-a' }, gracePeriodSeconds: 59 }, false],
  [{ preconditions: { uid: 'uid-a' }, gracePeriodSeconds: 60 }, true],
  [{ gracePeriodSeconds: 60 }, false],
]
verifies(
  'operator:rbac',
  'the operator evicts one pod by its UID alone, with its own time to end or a minute',
  async () => {
    const [policy] = parseAllDocuments(await readFile('config/webhook/policy-evictions.yaml', 'utf8'))
    const { validations } = ((policy as Document).toJS() as Policy).spec
    const ofOptions = validations.find(({ expression }) => expression.includes('deleteOptions'))
    const allows = celOf(ofOptions?.expression ?? '', ['object'])

    for (const [deleteOptions, allowed] of options) {
      const object = deleteOptions === undefined ? {} : { deleteOptions }
      expect(allows({ object }), JSON.stringify(object)).toBe(allowed)
    }
  },
)

const uid = 'uid-a'
const labels = { 'hipaa-mcp.dev/guarded': 'ehr' }
const well = {
  request: {
    operation: 'DELETE',
    namespace: 'clinic',
    options: { preconditions: { uid }, gracePeriodSeconds: 30 },
  },
  oldObject: { metadata: { name: 'ehr-1', uid, labels } },
  namespaceObject: { metadata: { labels: { 'hipaa-mcp.dev/enforce': 'true' } } },
}
const asked = (more: object) => ({ ...well, request: { ...well.request, ...more } })
const seconds = (gracePeriodSeconds: number) =>
  asked({ options: { preconditions: { uid }, gracePeriodSeconds } })
const deletions: [what: string, context: object, allowed: boolean][] = [
  ['a guarded pod by its UID', well, true],
  ['no options', asked({ options: {} }), false],
  ['whatever bears the name', asked({ options: { gracePeriodSeconds: 30 } }), false],
  ['another UID', asked({ options: { preconditions: { uid: 'uid-b' }, gracePeriodSeconds: 30 } }), false],
  ['at once', seconds(0), false],
  ['with its own time', asked({ options: { preconditions: { uid } } }), false],
  ['with an hour', seconds(3_600), false],
  ['one of ours', asked({ namespace: 'hipaa-mcp-system' }), false],
  ['a bystander', { ...well, oldObject: { metadata: { name: 'web', uid, labels: {} } } }, false],
  ['one without labels', { ...well, oldObject: { metadata: { name: 'web', uid } } }, false],
  ['one elsewhere', { ...well, namespaceObject: { metadata: {} } }, false],
  ['a creation', asked({ operation: 'CREATE' }), false],
]
verifies(
  'access:session-end',
  'the operator deletes guarded pods alone, by their UID and with time to end',
  async () => {
    const [policy] = parseAllDocuments(await readFile('config/webhook/policy-canaries.yaml', 'utf8'))
    const { variables } = ((policy as Document).toJS() as Policy).spec
    const ends = celOf(variables.find(({ name }) => name === 'ends')?.expression ?? '', [
      'request',
      'oldObject',
      'namespaceObject',
    ])

    for (const [what, context, allowed] of deletions) expect(ends(context), what).toBe(allowed)
  },
)
