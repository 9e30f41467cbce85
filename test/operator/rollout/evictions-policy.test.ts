import { readFile } from 'node:fs/promises'
import { Environment } from '@marcbachmann/cel-js'
import { expect } from 'vitest'
import { type Document, parseAllDocuments } from 'yaml'
import { verifies } from '../../verifies.ts'

type Policy = { spec: { validations: { expression: string }[] } }

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
    const allows = new Environment().registerVariable('object', 'dyn').parse(ofOptions?.expression ?? '')

    for (const [deleteOptions, allowed] of options) {
      const object = deleteOptions === undefined ? {} : { deleteOptions }
      expect(allows({ object }), JSON.stringify(object)).toBe(allowed)
    }
  },
)
