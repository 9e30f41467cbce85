import { readFile } from 'node:fs/promises'
import { Environment } from '@marcbachmann/cel-js'
import { expect } from 'vitest'
import { type Document, parseAllDocuments } from 'yaml'
import { verifies } from '../../verifies.ts'

type Named = { name: string; expression: string }
type Policy = { spec: { variables: Named[]; validations: { expression: string }[] } }

const labels = { 'hipaa-mcp.dev/guarded': 'ehr' }
const running = {
  metadata: { name: 'ehr-1', labels },
  spec: { nodeName: 'one' },
  status: { phase: 'Running' },
}
const by = (username: string) => ({ userInfo: { username } })
const collector = by('system:serviceaccount:kube-system:pod-garbage-collector')

/** Whoever has the role `admin` deletes it, with so many seconds; their own where it is undefined. */
const deleted = (gracePeriodSeconds?: number, oldObject: object = running, who: object = by('mallory')) => ({
  request: {
    operation: 'DELETE',
    options: gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds },
    ...who,
  },
  oldObject,
  object: null,
})
const evicted = (deleteOptions: object | undefined, who: object = by('mallory')) => ({
  request: { operation: 'CREATE', options: {}, ...who },
  oldObject: null,
  object: { metadata: { name: 'ehr-1' }, ...(deleteOptions === undefined ? {} : { deleteOptions }) },
})

const cases: [what: string, context: object, allowed: boolean][] = [
  ['with its own time', deleted(), true],
  ['at once', deleted(0), false],
  ['in a second', deleted(1), true],
  ['in ten minutes', deleted(600), true],
  ['in more', deleted(601), false],
  ['at once by its kubelet', deleted(0, running, by('system:node:one')), true],
  ['at once by the collector of lost pods', deleted(0, running, collector), true],
  [
    'at once by controllers that are one account',
    deleted(0, running, by('system:kube-controller-manager')),
    true,
  ],
  [
    'at once by an account of that name elsewhere',
    deleted(0, running, by('system:serviceaccount:clinic:pod-garbage-collector')),
    false,
  ],
  ['at once by an administrator', deleted(0, running, by('kubernetes-admin')), false],
  ['at once, a bystander', deleted(0, { ...running, metadata: { name: 'web', labels: {} } }), true],
  ['at once, one without labels', deleted(0, { ...running, metadata: { name: 'web' } }), true],
  ['at once, one that no node was given', deleted(0, { ...running, spec: {} }), true],
  ['at once, one that is over', deleted(0, { ...running, status: { phase: 'Failed' } }), true],
  ['at once, one that has not begun', deleted(0, { ...running, status: {} }), false],
  ['evicted with its own time', evicted(undefined), true],
  ['evicted without a word of time', evicted({}), true],
  ['evicted at once', evicted({ gracePeriodSeconds: 0 }), false],
  ['evicted in an hour', evicted({ gracePeriodSeconds: 3_600 }), false],
  ['evicted in a minute', evicted({ gracePeriodSeconds: 60 }), true],
]
verifies(
  'access:session-end',
  'who deletes or evicts a guarded pod leaves it neither no time to end nor more than ten minutes',
  async () => {
    const [policy] = parseAllDocuments(await readFile('config/webhook/policy-deletions.yaml', 'utf8'))
    const { variables, validations } = ((policy as Document).toJS() as Policy).spec
    const environment = new Environment({ enableOptionalTypes: true })
    for (const name of ['request', 'oldObject', 'object', 'variables'])
      environment.registerVariable(name, 'dyn')
    const parsed = variables.map(({ name, expression }) => [name, environment.parse(expression)] as const)
    const rules = validations.map(({ expression }) => environment.parse(expression))

    for (const [what, context, allowed] of cases) {
      const values: { [name: string]: unknown } = {}
      for (const [name, value] of parsed) values[name] = value({ ...context, variables: values })
      expect(
        rules.every((holds) => holds({ ...context, variables: values }) === true),
        what,
      ).toBe(allowed)
    }
  },
)
