import { expect, test } from 'vitest'
import { judgeBucket } from '../../../core/archive/bucket.ts'
import { networkCondition } from '../../../core/network.ts'
import { type ConditionType, conditionTypes } from '../../../operator/conditions.ts'
import type { Round } from '../../../operator/evidence/network-canaries.ts'
import type { NetworkPolicy, PersistentVolume } from '../../../operator/objects.ts'
import { judge } from '../../../operator/readiness.ts'
import { type Status, statusOf } from '../../../operator/status.ts'
import { sound } from '../../archive/a-bucket.ts'
import { verifies } from '../../verifies.ts'
import {
  aChain,
  aCopy,
  aGuardedPod,
  anAgreement,
  anArchive,
  aPod,
  aServer,
  aSignal,
  aStorePod,
  aTrailOfItsOwn,
  aVipList,
  aWorkload,
  now,
  seenIn,
  type Things,
  witnessesOutside,
} from '../world.ts'

function status(things: Things, at = now): Status {
  const seen = seenIn(things)
  return statusOf({ seen, violations: judge(seen), generation: 41, now: at })
}
function condition(things: Things, type: ConditionType) {
  const { status: value, reason } = status(things).conditions?.find((one) => one.type === type) ?? {}
  return `${value} ${reason}`
}

const hash = status({}).policy?.hash as string
const ownPolicy = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'hipaa-mcp-server.ehr', namespace: 'clinic' },
  spec: { podSelector: { matchLabels: { 'hipaa-mcp.dev/guarded': 'ehr' } } },
} as NetworkPolicy
const well: Things = {
  pods: [aGuardedPod('ehr-1')],
  chains: [aChain('uid-ehr-1', { policy: hash })],
  networkPolicies: [ownPolicy],
}
const listing = aServer({ relations: { vip: { secretName: 'ehr-vip' } } })
const withList: Things = {
  ...well,
  servers: [listing],
  archive: anArchive(),
  chains: [aChain('uid-ehr-1', { policy: status({ servers: [listing] }).policy?.hash as string })],
}
/** A volume that a pod left, which is gone. */
const left = (recovery: string, trail = 'clinic/ehr/uid-gone'): PersistentVolume => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: {
    name: 'pv-gone',
    annotations: { 'hipaa-mcp.dev/trail': trail, 'hipaa-mcp.dev/recovery': recovery },
  },
  spec: { persistentVolumeReclaimPolicy: 'Retain' },
})
const unready = {
  ...aGuardedPod('ehr-1'),
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] },
}
const vendor = { network: { egress: [{ baa: 'vendor' }] } }
const { judged: _judged, ...unjudged } = anArchive()
const foreign = (labels: Record<string, string> = {}): NetworkPolicy => ({
  ...ownPolicy,
  metadata: { name: 'let-all-in', namespace: 'clinic', labels },
  spec: { podSelector: {}, ingress: [{}] },
})
const signal = aSignal()

const aRound = (open = false): Round => ({
  at: now - 30_000,
  reached: true,
  outcomes: [
    { from: 'Stranger', to: 'GuardedPod', pod: 'uid-ehr-1', open },
    { from: 'Bystander', to: 'Webhook', open: false },
  ],
})
const guardedPod = aGuardedPod('ehr-1')
const proved: Things = {
  ...well,
  pods: [
    {
      ...guardedPod,
      status: {
        ...guardedPod.status,
        conditions: [
          { type: 'Ready', status: 'True' },
          {
            type: networkCondition,
            status: 'True',
            message: '{"tried":["Webhook"],"open":[]}',
            lastProbeTime: '2026-11-01T11:59:00Z',
          },
        ],
      },
    },
  ],
  round: aRound(),
}

const cases: { type: ConditionType; when: string; things: Things; is: string }[] = [
  { type: 'Ready', when: 'a guarded pod is ready', things: well, is: 'True Serving' },
  { type: 'Ready', when: 'nothing is annotated', things: {}, is: 'False WaitingForWorkload' },
  {
    type: 'Ready',
    when: 'the workload has no pod yet',
    things: { workloads: [aWorkload()] },
    is: 'False WaitingForPods',
  },
  {
    type: 'Ready',
    when: 'the workload has no pod, for they are refused',
    things: { workloads: [aWorkload(undefined, { status: { refused: true } })] },
    is: 'False PodsRefused',
  },
  {
    type: 'Ready',
    when: 'the pods are not ready',
    things: { ...well, pods: [unready] },
    is: 'False PodsNotReady',
  },
  {
    type: 'Ready',
    when: 'locked down',
    things: { ...well, servers: [aServer({ lockdown: { reason: 'drill' } })] },
    is: 'False Lockdown',
  },
  {
    type: 'Ready',
    when: 'the policy is invalid',
    things: { ...well, servers: [aServer({ maxPolicyAge: 'x' })] },
    is: 'False PolicyInvalid',
  },
  {
    type: 'Ready',
    when: 'not enrolled',
    things: { ...well, enrolled: false },
    is: 'False NamespaceNotEnrolled',
  },
  {
    type: 'Ready',
    when: 'no key set',
    things: { ...well, withoutKeySet: true },
    is: 'False KeySetUnavailable',
  },
  { type: 'Ready', when: 'no keys', things: { ...well, keys: false }, is: 'False KeysPending' },
  {
    type: 'Ready',
    when: 'every pod is locked',
    things: { ...well, chains: [aChain('uid-ehr-1', { policy: hash, locked: 'pod-outdated' })] },
    is: 'False PodsLocked',
  },
  {
    type: 'Access',
    when: 'a pod is locked',
    things: { ...well, chains: [aChain('uid-ehr-1', { policy: hash, locked: 'pod-outdated' })] },
    is: 'Unknown PolicyNotReported',
  },
  {
    type: 'Compliant',
    when: 'Development',
    things: { ...well, servers: [aServer({ profile: 'Development' })] },
    is: 'False DevelopmentProfile',
  },
  { type: 'Compliant', when: 'Production without an archive lock', things: well, is: 'False Gaps' },
  {
    type: 'TransmissionEncrypted',
    when: 'every pod reports this policy',
    things: well,
    is: 'True MutualTls',
  },
  {
    type: 'TransmissionEncrypted',
    when: 'a pod reports another policy',
    things: { ...well, chains: [aChain('uid-ehr-1', { policy: 'old' })] },
    is: 'Unknown PolicyNotReported',
  },
  {
    type: 'TransmissionEncrypted',
    when: 'a pod has only a closed chain',
    things: { ...well, chains: [aChain('uid-ehr-1', { policy: hash, state: 'closed' })] },
    is: 'Unknown PolicyNotReported',
  },
  {
    type: 'TransmissionEncrypted',
    when: 'an unguarded pod runs',
    things: {
      ...well,
      pods: [aGuardedPod('ehr-1'), aPod('old', { annotations: { 'hipaa-mcp.dev/server': 'ehr' } })],
    },
    is: 'False UnguardedPods',
  },
  { type: 'TransmissionEncrypted', when: 'no pod', things: {}, is: 'Unknown NoPods' },
  {
    type: 'Access',
    when: 'the collector is away',
    things: { ...well, collectorAway: true },
    is: 'Unknown CollectorUnreachable',
  },
  { type: 'Transmission', when: 'every pod reports', things: well, is: 'True DeclaredEgressOnly' },
  {
    type: 'Transmission',
    when: 'the server’s own log holds identifiers',
    things: { ...well, logs: { found: ['mrn'], thrownAway: [], unread: false } },
    is: 'False ServerLogsHoldIdentifiers',
  },
  {
    type: 'Transmission',
    when: 'the server’s own log cannot be read',
    things: { ...well, logs: { found: [], thrownAway: [], unread: true } },
    is: 'Unknown ServerLogsUnread',
  },
  {
    type: 'Transmission',
    when: 'nobody may look at the server’s own log',
    things: {
      ...well,
      servers: [aServer({ workload: { port: 8080, path: '/mcp', logs: { watch: 'Off' } } })],
    },
    is: 'Unknown ServerLogsUnwatched',
  },
  {
    type: 'Transmission',
    when: 'a stdio server writes identifiers that are thrown away',
    things: { ...well, logs: { found: [], thrownAway: ['ssn'], unread: false } },
    is: 'True ServerWritesIdentifiers',
  },
  { type: 'MinimumNecessary', when: 'every pod reports', things: well, is: 'True FieldsListed' },
  {
    type: 'MinimumNecessary',
    when: 'a tool returns the whole document without a reason',
    things: {
      ...well,
      servers: [
        aServer({
          tools: [{ name: 'get_diagnosis', arguments: { type: 'object' }, returns: { fields: [''] } }],
        }),
      ],
    },
    is: 'False PolicyErrors',
  },
  { type: 'AtRest', when: 'no volume', things: well, is: 'True NoVolumes' },
  {
    type: 'AtRest',
    when: 'a disk of the node',
    things: { ...well, pods: [aGuardedPod('ehr-1', { volumes: [{ name: 's', emptyDir: {} }] })] },
    is: 'False NotEncrypted',
  },
  {
    type: 'Audit',
    when: 'a pod’s trail volume is not retained',
    things: { ...well, archive: anArchive(), ...aTrailOfItsOwn('Delete') },
    is: 'False VolumeNotRetained',
  },
  {
    type: 'Audit',
    when: 'a pod’s trail volume is retained',
    things: { ...well, archive: anArchive(), ...aTrailOfItsOwn('Retain') },
    is: 'True RecordedAndLocked',
  },
  {
    type: 'Audit',
    when: 'a Job ships what a pod left',
    things: { ...well, archive: anArchive(), volumes: [left('Running')] },
    is: 'Unknown RecoveryRuns',
  },
  {
    type: 'Audit',
    when: 'a Job could not ship what a pod left',
    things: { ...well, archive: anArchive(), volumes: [left('Failed')] },
    is: 'False RecoveryFailed',
  },
  {
    type: 'Audit',
    when: 'what a pod left is with the collector, and its volume is kept',
    things: { ...well, archive: anArchive(), volumes: [left('Recovered')] },
    is: 'True RecordedAndLocked',
  },
  {
    type: 'Audit',
    when: 'a pod of another server left a volume',
    things: { ...well, archive: anArchive(), volumes: [left('Failed', 'clinic/other/uid-gone')] },
    is: 'True RecordedAndLocked',
  },
  { type: 'Audit', when: 'no archive is configured', things: well, is: 'False NoArchiveLock' },
  {
    type: 'Audit',
    when: 'the archive locks, and nothing is wrong with it',
    things: { ...well, archive: anArchive() },
    is: 'True RecordedAndLocked',
  },
  {
    type: 'Audit',
    when: 'the VIP list is there',
    things: { ...withList, secrets: [aVipList('p-7\n')] },
    is: 'True RecordedAndLocked',
  },
  { type: 'Audit', when: 'the VIP list is not there', things: withList, is: 'False VipListMissing' },
  {
    type: 'Audit',
    when: 'the VIP list is another server’s',
    things: { ...withList, secrets: [aVipList('p-7\n', 'clinic.other')] },
    is: 'False VipListMissing',
  },
  {
    type: 'Audit',
    when: 'the VIP list lists nobody',
    things: { ...withList, secrets: [aVipList('\n')] },
    is: 'False VipListMissing',
  },
  {
    type: 'Audit',
    when: 'a copy is late by less than five minutes',
    things: { ...well, archive: anArchive(), copies: [aCopy({ pending: 9, behindSeconds: 200 })] },
    is: 'True RecordedAndLocked',
  },
  {
    type: 'Audit',
    when: 'a target of copies has stubs of some records',
    things: { ...well, archive: anArchive(), copies: [aCopy({ stubs: 2 }), aCopy({ behind: true })] },
    is: 'True CopyIncomplete',
  },
  {
    type: 'Audit',
    when: 'a copy is behind',
    things: { ...well, archive: anArchive(), copies: [aCopy(), aCopy({ behind: true })] },
    is: 'True CopyBehind',
  },
  {
    type: 'Audit',
    when: 'a copy is behind and the archive has a gap',
    things: { ...well, copies: [aCopy({ behind: true })] },
    is: 'False NoArchiveLock',
  },
  {
    type: 'Audit',
    when: 'the archive was not looked at yet',
    things: { ...well, archive: unjudged },
    is: 'Unknown ArchiveNotJudged',
  },
  {
    type: 'Audit',
    when: 'a lock is hollow',
    things: { ...well, archive: anArchive({ gaps: judgeBucket({ ...sound, bypass: 'allowed' }) }) },
    is: 'False ArchiveLockBypassed',
  },
  {
    type: 'Audit',
    when: 'the server’s retention is longer than the lock',
    things: { ...well, archive: anArchive(), servers: [aServer({ trail: { retention: '3650d' } })] },
    is: 'False ArchiveTooShort',
  },
  {
    type: 'Audit',
    when: 'the collector does not answer',
    things: { ...well, archive: anArchive(), collectorAway: true },
    is: 'Unknown CollectorUnreachable',
  },
  {
    type: 'Audit',
    when: 'Development without a report',
    things: { ...well, servers: [aServer({ profile: 'Development' })] },
    is: 'Unknown PolicyNotReported',
  },
  { type: 'Integrity', when: 'witnessed', things: well, is: 'True Witnessed' },
  {
    type: 'Integrity',
    when: 'witnesses outside the cluster signed',
    things: { ...well, witnesses: witnessesOutside() },
    is: 'True WitnessedOutside',
  },
  {
    type: 'Integrity',
    when: 'witnesses outside the cluster are late',
    things: { ...well, witnesses: witnessesOutside({ late: true }) },
    is: 'Unknown WitnessLate',
  },
  {
    type: 'Compliant',
    when: 'witnesses outside the cluster are late',
    things: {
      ...well,
      archive: anArchive(),
      witnesses: witnessesOutside({ late: true }),
    },
    is: 'Unknown NotProved',
  },
  {
    type: 'Integrity',
    when: 'a witness outside refuses, whatever the others do',
    things: {
      ...well,
      witnesses: witnessesOutside({
        witnesses: [
          { name: 'ours', state: 'cosigns' },
          { name: 'theirs', state: 'refuses', reason: 'ahead' },
        ],
      }),
    },
    is: 'False WitnessRefuses',
  },
  {
    type: 'Integrity',
    when: 'not witnessed',
    things: { ...well, chains: [aChain('uid-ehr-1', { witnessed: 0 })] },
    is: 'Unknown WitnessPending',
  },
  {
    type: 'Integrity',
    when: 'a chain is corrupt',
    things: { ...well, chains: [aChain('uid-gone', { state: 'corrupt' })] },
    is: 'False ChainCorrupt',
  },
  { type: 'Mfa', when: 'every pod reports', things: well, is: 'True TokenProvesMfa' },
  {
    type: 'Mfa',
    when: 'no key set',
    things: { ...well, withoutKeySet: true },
    is: 'Unknown KeySetUnavailable',
  },
  { type: 'BreachReadiness', when: 'no signal', things: well, is: 'True RulesEvaluated' },
  {
    type: 'BreachReadiness',
    when: 'a signal of this server',
    things: { ...well, signals: [signal] },
    is: 'False AnomalousAccess',
  },
  {
    type: 'BreachReadiness',
    when: 'a signal of another server',
    things: { ...well, signals: [{ ...signal, server: 'lab' }] },
    is: 'True RulesEvaluated',
  },
  {
    type: 'BreachReadiness',
    when: 'the collector is away',
    things: { ...well, collectorAway: true },
    is: 'Unknown CollectorUnreachable',
  },
  { type: 'Baa', when: 'none is named', things: well, is: 'True NoAgreementNeeded' },
  {
    type: 'Baa',
    when: 'in force',
    things: { ...well, servers: [aServer(vendor)], agreements: [anAgreement('vendor')] },
    is: 'True AgreementsActive',
  },
  {
    type: 'Baa',
    when: 'the one for callers’ model is missing',
    things: { ...well, servers: [aServer({ fromServer: { sampling: { agreement: 'model' } } })] },
    is: 'False AgreementMissing',
  },
  {
    type: 'Baa',
    when: 'missing',
    things: { ...well, servers: [aServer(vendor)] },
    is: 'False AgreementMissing',
  },
  {
    type: 'Baa',
    when: 'over',
    things: {
      ...well,
      servers: [aServer(vendor)],
      agreements: [anAgreement('vendor', { expires: '2026-10-01T00:00:00Z' })],
    },
    is: 'False AgreementExpired',
  },
  {
    type: 'Baa',
    when: 'of a model’s vendor that nobody attested',
    things: {
      ...well,
      servers: [aServer(vendor)],
      agreements: [anAgreement('vendor', { model: { vendor: 'OpenAI' } })],
    },
    is: 'False AgreementNotAttested',
  },
  {
    type: 'Guarded',
    when: 'a guard fails again and again',
    things: {
      ...well,
      pods: [
        {
          ...aGuardedPod('ehr-1'),
          status: {
            initContainerStatuses: [
              {
                name: 'hipaa-mcp-guard',
                restartCount: 3,
                ready: false,
                lastState: { terminated: { exitCode: 1 } },
              },
            ],
          },
        },
      ],
    },
    is: 'False GuardFails',
  },
  { type: 'Guarded', when: 'every pod', things: well, is: 'True EveryPodGuarded' },
  {
    type: 'Guarded',
    when: 'not enrolled',
    things: { ...well, enrolled: false },
    is: 'False NamespaceNotEnrolled',
  },
  {
    type: 'Guarded',
    when: 'a store pod from before',
    things: {
      ...well,
      servers: [
        aServer({ stores: [{ name: 'database', pods: { matchLabels: { app: 'ehr-db' } }, port: 5432 }] }),
      ],
      pods: [aGuardedPod('ehr-1'), aPod('db', { labels: { app: 'ehr-db' } })],
    },
    is: 'False StorePodsNotStamped',
  },
  { type: 'NetworkEnforced', when: 'the policy stands, unproved', things: well, is: 'Unknown CanaryNotRun' },
  {
    type: 'NetworkEnforced',
    when: 'all was refused that must be',
    things: proved,
    is: 'True RefusedByTheNetwork',
  },
  {
    type: 'NetworkEnforced',
    when: 'a stranger got in',
    things: { ...proved, round: aRound(true) },
    is: 'False CanaryConnected',
  },
  {
    type: 'NetworkEnforced',
    when: 'a canary brought no result',
    things: { ...proved, round: { ...aRound(), outcomes: [], trouble: 'CanaryDeleted' } },
    is: 'Unknown CanaryFailed',
  },
  {
    type: 'NetworkEnforced',
    when: 'a policy of the whole cluster overrules ours',
    things: {
      ...proved,
      clusterPolicies: [
        {
          metadata: { name: 'let-in' },
          spec: { tier: 'Admin', subject: { namespaces: {} }, ingress: [{ action: 'Accept' }] },
        },
      ],
    },
    is: 'False ClusterPolicyOverrules',
  },
  {
    type: 'NetworkEnforced',
    when: 'the policy is missing',
    things: { ...well, networkPolicies: [] },
    is: 'False PolicyMissing',
  },
  {
    type: 'NetworkEnforced',
    when: 'a foreign policy',
    things: { ...well, networkPolicies: [ownPolicy, foreign()] },
    is: 'False ForeignPolicy',
  },
  {
    type: 'NetworkEnforced',
    when: 'a foreign policy that bears our label',
    things: {
      ...well,
      networkPolicies: [ownPolicy, foreign({ 'app.kubernetes.io/managed-by': 'hipaa-mcp-operator' })],
    },
    is: 'False ForeignPolicy',
  },
]

for (const { type, when, things, is } of cases)
  verifies('operator:status', `${type} when ${when}`, () => {
    expect(condition(things, type)).toBe(is)
  })

verifies('transit:network-proved', 'the time of the last proof stays when nothing is proved any more', () => {
  const lastProof = '2026-11-01T11:59:00Z'
  expect(status(proved).network).toMatchObject({ lastProof })

  const server = { ...aServer(), status: { network: { lastProof } } }

  expect(status({ ...proved, servers: [server], round: aRound(true) }).network).toMatchObject({ lastProof })
})

verifies('transit:foreign-policies', 'status names them, and so does the condition', () => {
  const { network, conditions } = status({ ...proved, networkPolicies: [ownPolicy, foreign()] })

  expect(network?.foreignPolicies).toEqual(['let-all-in'])
  expect(conditions?.find(({ type }) => type === 'NetworkEnforced')?.message).toContain('let-all-in')
})

verifies('agreement:status', 'each agreement that is not in force is a gap by its name', () => {
  const servers = [aServer({ network: { egress: [{ baa: 'vendor' }, { baa: 'openai' }] } })]

  expect(status({ ...well, servers, agreements: [anAgreement('vendor')] }).gaps).toContain('Baa/openai')
  expect(status({ ...well, servers, agreements: [anAgreement('vendor')] }).gaps).not.toContain('Baa/vendor')
})

verifies('breach:signal', 'the condition turns and names no person and no patient', () => {
  const { conditions = [] } = status({ ...well, signals: [signal] })

  expect(conditions.find(({ type }) => type === 'BreachReadiness')?.reason).toBe('AnomalousAccess')
  expect(JSON.stringify(conditions)).not.toContain('p-1')
})

test('all conditions are there, in one order, from the first sight on', () => {
  expect(status({}).conditions?.map(({ type }) => type)).toEqual([...conditionTypes])
})

test('pods are counted by what was seen: guarded, expected, in force', () => {
  const things = {
    ...well,
    pods: [
      aGuardedPod('ehr-1'),
      aGuardedPod('ehr-2'),
      aPod('old', { annotations: { 'hipaa-mcp.dev/server': 'ehr' } }),
      aStorePod('db'),
    ],
  }

  expect(status(things).pods).toEqual({ guarded: 2, expected: 3, inForce: 1, summary: '2/3' })
})

const at = (of: Status, type: string) => of.conditions?.find((one) => one.type === type)?.lastTransitionTime

test('the time of a transition moves with the status only', () => {
  const first = status(well)
  const later = (things: Things) =>
    status({ ...things, servers: [{ ...aServer(), status: first }] }, now + 60_000)

  expect(at(first, 'Ready')).toBe('2026-11-01T12:00:00Z')
  expect(at(later(well), 'Ready')).toBe('2026-11-01T12:00:00Z')
  expect(at(later({ ...well, pods: [unready] }), 'Ready')).toBe('2026-11-01T12:01:00Z')
})

test('status that says the same is the same, whatever the revision and however many records came', () => {
  const first = status(well)
  const servers = [{ ...aServer(), status: first }]
  const seen = seenIn({
    ...well,
    servers,
    chains: [aChain('uid-ehr-1', { policy: hash, size: 900, lastRecord: '2026-11-01T12:00:20.000Z' })],
  })

  expect(statusOf({ seen, violations: judge(seen), generation: 9_000, now: now + 25_000 })).toEqual(first)
})

test('training that is not checked is a gap', () => {
  const { training: _, ...identity } = aServer().spec.identity

  expect(status({ ...well, servers: [aServer({ identity })] }).gaps).toContain('Training')
})

/** With the administrator's list of names on the namespace. */
const listed = (dnsNames?: string) =>
  condition(
    {
      ...well,
      servers: [aServer({ tls: { dnsNames: ['ehr.clinic.example.org'] } })],
      ...(dnsNames === undefined ? {} : { annotations: { 'hipaa-mcp.dev/dns-names': dnsNames } }),
    },
    'Ready',
  )

verifies('transit:outside-names', 'a name that the administrator did not list is reported', () => {
  for (const list of [
    undefined,
    '',
    'other.clinic.example.org',
    '*',
    '*.',
    '*.org.example',
    'clinic.example.org',
  ])
    expect(listed(list), list).toBe('False NameNotListed')
  for (const list of ['ehr.clinic.example.org', 'a.example.org, *.clinic.example.org'])
    expect(listed(list), list).not.toContain('NameNotListed')
})

/** With callers of that range let in. */
const letting = (cidr: string) =>
  condition({ ...well, servers: [aServer({ network: { ingress: [{ cidr }] } })] }, 'Ready')

verifies('transit:network-policy', 'a range of callers that is none is reported', () => {
  for (const cidr of [
    '1::2::3/64',
    'a:b/64',
    '1:::::/0',
    '10.0.0.0/33',
    '10.0.0/8',
    '10.0.0.0/8/8',
    '::1/129',
  ])
    expect(letting(cidr), cidr).toBe('False RangeMalformed')
  for (const cidr of ['10.0.0.0/8', '203.0.113.7/32', '2001:db8::/32', '::1/128'])
    expect(letting(cidr), cidr).not.toContain('RangeMalformed')
})

verifies(
  'operator:status',
  'pods that the annotated workload has not replaced yet count as not guarded',
  () => {
    const workload = aWorkload(undefined, {
      spec: { selector: { matchLabels: { app: 'ehr' } }, template: {} },
    })
    const owner = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: 'ehr-mcp-5c4d',
      uid: 'uid-set',
      controller: true,
    }
    const old = aPod('old', { labels: { app: 'ehr' }, ownerReferences: [owner] })

    expect(status({ ...well, workloads: [workload], pods: [aGuardedPod('ehr-1'), old] }).pods?.summary).toBe(
      '1/2',
    )
    // Whoever reads Ready alone has nothing to do meanwhile.
    expect(condition({ ...well, workloads: [workload], pods: [old] }, 'Ready')).toBe('False CanaryStarts')
    expect(condition({ ...well, workloads: [workload], pods: [old] }, 'Integrity')).toBe('False CanaryStarts')
    // Deleting such a pod would bring another of its kind.
    const waits = { ...well, workloads: [workload], pods: [old], withoutKeySet: true }
    expect(condition(waits, 'Guarded')).toBe('False NotRolledYet')
    const rolled = { ...workload, copied: 'ehr' }
    expect(condition({ ...well, workloads: [rolled], pods: [old] }, 'Guarded')).toBe('False CanaryStarts')
    const bare = aPod('old', { labels: { app: 'ehr' } })
    expect(condition({ ...well, workloads: [rolled], pods: [bare] }, 'Guarded')).toBe('False UnguardedPods')
    expect(condition({ ...well, workloads: [rolled], pods: [bare] }, 'Ready')).toBe('False UnguardedPods')
  },
)

const messageOf = (things: Things, type: ConditionType): string =>
  status(things).conditions?.find((one) => one.type === type)?.message ?? ''

test('where a connection came about, a policy that opens the pods is named before the plugin is suspected', () => {
  const open = { ...proved, round: aRound(true) }

  expect(messageOf(open, 'NetworkEnforced')).toMatch(/does a network plugin that enforces them run/)
  expect(messageOf({ ...open, networkPolicies: [ownPolicy, foreign()] }, 'NetworkEnforced')).toMatch(
    /came about .* another policy opens .* let-all-in\.$/,
  )
})

test('pods that are locked say why, each reason once', () => {
  const locked = ['ehr-1', 'ehr-2'].map((name) =>
    aChain(`uid-${name}`, { policy: hash, locked: 'pod-outdated' }),
  )
  const pods = [aGuardedPod('ehr-1'), aGuardedPod('ehr-2')]

  expect(messageOf({ ...well, pods, chains: locked }, 'Ready')).toMatch(/refuses all calls \(pod-outdated\)/)
})
