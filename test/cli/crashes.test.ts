// What the doctor says of a guarded pod whose app does not stay up, by what the kubelet tells of it.

import { expect, test } from 'vitest'
import { podCheck, type RunningPod } from '../../cli/doctor/pods.ts'
import { guardedLabel } from '../../core/identifiers.ts'
import type { Container } from '../../operator/admission/pod.ts'
import { verifies } from '../verifies.ts'

type Status = NonNullable<RunningPod['status']>
type Ended = { exitCode?: number; reason?: string; message?: string; seconds?: number }

function said(status: Status, container: Partial<Container> = {}): string | undefined {
  const pod: RunningPod = {
    kind: 'pod',
    metadata: { name: 'ehr-1', namespace: 'clinic', labels: { [guardedLabel]: 'ehr' } },
    spec: {
      containers: [{ name: 'app', image: 'ehr:1', securityContext: { runAsUser: 1000 }, ...container }],
    },
    status: { conditions: [{ type: 'Ready', status: 'False' }], ...status },
  }
  const check = podCheck(pod, [])
  return check?.state === 'wrong' ? check.says : undefined
}

function terminated({ seconds = 1, ...more }: Ended = {}) {
  const begin = Date.parse('2026-11-01T12:00:00Z')
  return {
    terminated: {
      exitCode: 1,
      reason: 'Error',
      startedAt: new Date(begin).toISOString(),
      finishedAt: new Date(begin + seconds * 1000).toISOString(),
      ...more,
    },
  }
}

/** Of an app that waits to be begun anew. */
const ends = (how?: Ended, container?: Partial<Container>): string | undefined =>
  said(
    {
      containerStatuses: [
        { name: 'app', state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: terminated(how) },
      ],
    },
    container,
  )

const begins = 'guarded by ehr, and its container app ends with exit code'
const cannot = 'no guarded container may (it has no SETUID, no SETGID, and no_new_privs): write the number'
const couldNot = `${begins} 1, and says that it could not change its user, which ${cannot}`
const itsLog = ': its own log says why, and may hold patient data'
const maybe = `${begins} 1${itsLog}. Where its image changes its user itself`

for (const message of [
  'error: failed switching to "app": operation not permitted',
  'su-exec: setgroups: Operation not permitted',
  'su-exec: setgid(101): Operation not permitted',
  'setpriv: setresuid failed: Operation not permitted',
  'setpriv: initgroups failed: Operation not permitted',
  'runuser: cannot set groups: Operation not permitted',
  'runuser: may not be used by non-root users',
  "su: can't set groups: Operation not permitted",
  'su: must be suid to work properly',
  'sudo: PERM_SUDOERS: setresuid(-1, 1, -1): Operation not permitted',
  'sudo: The "no new privileges" flag is set, which prevents sudo from running as root.',
  'chroot: failed to set supplemental groups: Operation not permitted',
  'setuidgid: fatal: unable to setgid: permission denied',
  's6-applyuidgid: fatal: unable to set supplementary group list: Operation not permitted',
  'start-stop-daemon: unable to set gid to 1 (Operation not permitted)',
  'nginx: [emerg] setgid(101) failed (1: Operation not permitted)',
])
  verifies('injection:preflight', `the doctor knows who could not change its user: ${message}`, () => {
    const says = ends({ message: `Patient Mary Example\n${message}\n`, seconds: 60 })

    expect(says).toContain(couldNot)
    expect(says).toContain('fsGroup')
    expect(says).not.toMatch(/Mary|fatal|emerg|failed|cannot set/)
  })

const endings: [what: string, says: () => string | undefined, whole: unknown][] = [
  [
    'a command that names who changes it',
    () => ends({}, { args: ['gosu', 'app', 'server'] }),
    expect.stringContaining(`${begins} 1, and names gosu, which changes the user, and ${cannot}`),
  ],
  ['an end at once, without a word', () => ends(), expect.stringContaining(maybe)],
  [
    'a permission, which may be another',
    () => ends({ message: 'chown: /data: Operation not permitted', seconds: 60 }),
    expect.stringContaining(maybe),
  ],
  ['an end later on', () => ends({ seconds: 60 }), `${begins} 1${itsLog}`],
  ['a signal', () => ends({ exitCode: 139 }), `${begins} 139${itsLog}`],
  ['an end without a fault', () => ends({ exitCode: 0, reason: 'Completed' }), `${begins} 0${itsLog}`],
  [
    'too little memory',
    () => ends({ exitCode: 137, reason: 'OOMKilled' }),
    `${begins} 137 (OOMKilled): give it more memory, by resources.limits.memory`,
  ],
  [
    'between two beginnings',
    () => said({ containerStatuses: [{ name: 'app', state: { running: {} }, lastState: terminated() }] }),
    expect.stringContaining(maybe),
  ],
  [
    'one of its own before it',
    () => said({ initContainerStatuses: [{ name: 'migrate', state: terminated({ seconds: 60 }) }] }),
    `guarded by ehr, and its container migrate ends with exit code 1${itsLog}`,
  ],
]
for (const [what, says, whole] of endings)
  verifies('injection:preflight', `the doctor finds an app that ends again and again: ${what}`, () => {
    expect(says()).toEqual(whole)
  })

test('of who runs, and of what is ours, nothing is said but that the pod is not ready', () => {
  const notReady = /^guarded by ehr, and not ready/
  const ended = { state: { running: {} }, lastState: terminated() }

  expect(said({ containerStatuses: [{ name: 'app', state: { running: {} } }] })).toMatch(notReady)
  expect(said({ initContainerStatuses: [{ name: 'hipaa-mcp', ...ended }] })).toMatch(notReady)
  const done = { name: 'migrate', state: terminated({ exitCode: 0 }) }
  expect(said({ initContainerStatuses: [done] })).toMatch(notReady)
})

test('one that ended and is ready again is well', () => {
  const ended = { name: 'app', state: { running: {} }, lastState: terminated() }
  expect(
    said({ conditions: [{ type: 'Ready', status: 'True' }], containerStatuses: [ended] }),
  ).toBeUndefined()
})
