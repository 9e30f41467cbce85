// What somebody tries who holds the built-in role `admin` in the clinic's namespace and nothing more: ways to the records
// that lead past the server's sidecar. Each was open once.

import { expect } from 'vitest'
import { type Kubectl, until } from '../../demo/kubectl.ts'
import { verifies } from '../../verifies.ts'
import type { Stage } from './stage.ts'

type Ran = Awaited<ReturnType<Kubectl['attempt']>>

const editor = '--as=mallory'
const policies = ['hipaa-mcp-bystanders', 'hipaa-mcp-server.ehr', 'hipaa-mcp-store.ehr.database'] as const

/** The role is bound when first it is needed. */
async function asEditor(stage: Stage, args: readonly string[], object?: object): Promise<Ran> {
  const { kubectl } = stage()
  await kubectl.apply(
    JSON.stringify({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'mallory', namespace: 'clinic' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'mallory' }],
    }),
  )
  return await kubectl.attempt(
    [editor, '-n', 'clinic', ...args],
    ...(object === undefined ? [] : [JSON.stringify(object)]),
  )
}

const tryOut = async (stage: Stage, object: object) =>
  await asEditor(stage, ['create', '--dry-run=server', '-f', '-'], object)

const policy = (podSelector: object, more: object) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'mine', namespace: 'clinic' },
  spec: { podSelector, policyTypes: ['Ingress', 'Egress'], ...more },
})
const everything = { ingress: [{}], egress: [{}] }
const notOurs = {
  matchExpressions: ['hipaa-mcp.dev/guarded', 'hipaa-mcp.dev/store'].map((key) => ({
    key,
    operator: 'DoesNotExist',
  })),
}

const pod = (volumes: readonly object[], annotations: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'mine', namespace: 'clinic', annotations },
  spec: {
    automountServiceAccountToken: false,
    securityContext: { runAsUser: 1000 },
    containers: [{ name: 'mine', image: 'localhost/hipaa-mcp-samples:dev' }],
    volumes,
  },
})

const refusedByUs = ({ code, stderr }: Ran): void => {
  expect(code, stderr).not.toBe(0)
  // Our own words: a webhook that does not answer refuses as well.
  expect(stderr).toContain('hipaa-mcp: ')
}

export function attacks(stage: Stage): void {
  verifies('injection:editor', 'an editor opens the store by a NetworkPolicy of their own', async () => {
    for (const selector of [
      {},
      { matchLabels: { app: 'ehr-db' } },
      { matchLabels: { 'hipaa-mcp.dev/store': 'ehr.database' } },
      { matchExpressions: notOurs.matchExpressions.slice(0, 1) },
    ])
      refusedByUs(await tryOut(stage, policy(selector, everything)))
    const own = await tryOut(stage, policy(notOurs, everything))
    expect(own.code, own.stderr).toBe(0)
    const shut = await tryOut(stage, policy({}, {}))
    expect(shut.code, shut.stderr).toBe(0)
  })

  verifies('injection:editor', 'an editor deletes ours, widens them, or takes our mark away', async () => {
    const patches = [
      { spec: { ingress: [{}] } },
      { metadata: { labels: { 'app.kubernetes.io/managed-by': null } } },
    ]
    for (const name of policies) {
      refusedByUs(await asEditor(stage, ['delete', 'networkpolicy', name]))
      for (const patch of patches)
        refusedByUs(
          await asEditor(stage, [
            'patch',
            'networkpolicy',
            name,
            '--type=merge',
            '-p',
            JSON.stringify(patch),
          ]),
        )
    }
  })

  verifies('injection:editor', 'an editor mounts the store’s volume in a pod of their own', async () => {
    const claimName = 'data-ehr-db-0'
    refusedByUs(await tryOut(stage, pod([{ name: 'd', persistentVolumeClaim: { claimName } }])))
    const copy = {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'encrypted',
      dataSource: { kind: 'PersistentVolumeClaim', name: claimName },
      resources: { requests: { storage: '256Mi' } },
    }
    refusedByUs(await tryOut(stage, pod([{ name: 'd', ephemeral: { volumeClaimTemplate: { spec: copy } } }])))
  })

  verifies('injection:connect', 'an editor opens a shell and a tunnel into a store', async () => {
    for (const args of [
      ['exec', 'ehr-db-0', '--', 'psql', '-h', '/tmp', '-U', 'ehr', '-c', 'SELECT 1'],
      ['attach', 'ehr-db-0'],
      ['port-forward', 'ehr-db-0', '0:5432'],
    ])
      refusedByUs(await asEditor(stage, args))
  })

  verifies(
    'injection:whole-spec',
    'a guarded pod takes a volume along that leads out of the node',
    async () => {
      const annotations = { 'hipaa-mcp.dev/server': 'ehr' }
      for (const volume of [
        { nfs: { server: '203.0.113.5', path: '/' } },
        { csi: { driver: 'nfs.csi.k8s.io', volumeAttributes: { server: '203.0.113.5', share: '/' } } },
        { iscsi: { targetPortal: '203.0.113.5', iqn: 'iqn.2026-01.example:out', lun: 0 } },
      ]) {
        refusedByUs(await tryOut(stage, pod([{ name: 'out', ...volume }], annotations)))
        refusedByUs(await tryOut(stage, pod([{ name: 'out', ...volume }])))
      }
    },
  )

  verifies(
    'injection:editor',
    'an editor of the namespace changes no policy and mints no identity',
    async () => {
      for (const [verb, resource] of [
        ['update', 'hipaamcpservers.hipaa-mcp.dev'],
        ['delete', 'hipaamcpservers.hipaa-mcp.dev'],
        ['update', 'businessassociateagreements.hipaa-mcp.dev'],
      ] as const)
        expect(
          (await asEditor(stage, ['auth', 'can-i', verb, resource])).stdout.trim(),
          `${verb} ${resource}`,
        ).toBe('no')
      refusedByUs(await asEditor(stage, ['create', 'token', 'default', '--audience=hipaa-mcp']))
    },
  )

  verifies('injection:editor', 'what gives itself out for a store calls nobody', async () => {
    const { kubectl } = stage()
    const name = 'false-store'
    // The node takes a moment to hold a new pod by its policy.
    const script = `
      const end = (says) => { console.log(says); process.exit() }
      const attempt = (left) => {
        const late = setTimeout(() => end('shut'), 5000)
        require('node:net').connect(443, 'records.vendor.svc.cluster.local').on('error', (e) => end(e.code)).on('connect', () => {
          clearTimeout(late)
          if (left === 0) end('out')
          setTimeout(() => attempt(left - 1), 1000)
        })
      }
      setTimeout(() => attempt(20), 5000)`
    const made = await asEditor(stage, ['create', '-f', '-'], {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'clinic', labels: { app: 'ehr-db' } },
      spec: {
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        securityContext: { runAsUser: 1000 },
        containers: [
          {
            name,
            image: 'localhost/hipaa-mcp-samples:dev',
            imagePullPolicy: 'Never',
            command: ['node', '-e', script],
          },
        ],
      },
    })
    expect(made.code, made.stderr).toBe(0)
    try {
      const said = await until('the false store has tried', 120, async () => {
        const { stdout } = await kubectl.attempt(['logs', name, '-n', 'clinic'])
        return stdout.trim() === '' ? undefined : stdout.trim()
      })
      expect(said).not.toBe('out')
    } finally {
      await kubectl.run(['delete', 'pod', name, '-n', 'clinic', '--grace-period=0', '--force'])
    }
  })
}
