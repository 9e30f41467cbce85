import { describe, expect, test } from 'vitest'
import { changeOfUserHints, changeOfUserViolations } from '../../../operator/admission/change-of-user.ts'
import { conforms } from '../../../operator/admission/conform.ts'
import { inject } from '../../../operator/admission/inject.ts'
import { judgeNew } from '../../../operator/admission/judge.ts'
import type { Container, Pod, SecurityContext } from '../../../operator/admission/pod.ts'
import { verifies } from '../../verifies.ts'
import { aServer } from '../world.ts'
import { anApp, aPod, surroundings } from './pods.ts'

const ehr = aServer()
const podOf = (more: Partial<Container>): Pod => aPod({ containers: [anApp(more)] })
const inShell = (script: string) => ['/bin/sh', '-c', script]

/** Words that cannot start, and the program that is said. */
const certain: [words: string[], program: string][] = [
  [['gosu', 'app', 'node', 'server.js'], 'gosu'],
  [['/usr/local/bin/su-exec', 'app', 'server'], 'su-exec'],
  [['su', 'app', '-s', '/bin/sh', '-c', 'server'], 'su'],
  [['runuser', '-u', 'app', '--', 'server'], 'runuser'],
  [['sudo', '-E', '-u', 'app', 'server'], 'sudo'],
  [['s6-setuidgid', 'app', 'server'], 's6-setuidgid'],
  [['setuidgid', 'app', 'server'], 'setuidgid'],
  [['chroot', '--userspec=app:app', '/', 'server'], 'chroot'],
  [['setpriv', '--reuid=1000', '--init-groups', 'server'], 'setpriv'],
  [['setpriv', '--reuid', '1000', '--clear-groups', '--', 'server'], 'setpriv'],
  [['/usr/bin/tini', '-s', '--', 'gosu', 'app', 'server'], 'gosu'],
  [['env', 'HOME=/srv', 'dumb-init', 'su-exec', 'app', 'server'], 'su-exec'],
]
/** Words that may start, and what is named in them where anything is. */
const possible: [words: string[], program: string | undefined][] = [
  [['node', 'server.js'], undefined],
  [['/docker-entrypoint.sh', 'gosu', 'app', 'server'], 'gosu'],
  [inShell('chown app /data; exec gosu app server'), 'gosu'],
  [inShell('id=$(su-exec app id) && server'), 'su-exec'],
  [['setpriv', '--no-new-privs', 'server'], 'setpriv'],
  // To what it is, and with its groups kept.
  [['setpriv', '--reuid=1000', '--regid=1000', '--keep-groups', 'server'], 'setpriv'],
  // The server's own option.
  [['setpriv', '--no-new-privs', 'server', '--clear-groups'], 'setpriv'],
  [['chroot', '/srv', 'server', '--userspec=x'], 'chroot'],
  [['chpst', '-e', '/env', 'server'], 'chpst'],
  [['/opt/sudoku/server', '--lang=su', 'resu'], undefined],
  [[], undefined],
  [['tini', '--'], undefined],
]

describe('a command that begins another user’s program', () => {
  for (const [words, program] of certain)
    verifies('injection:preflight', `is refused where it cannot start: ${words.join(' ')}`, () => {
      for (const user of [0, 1000]) {
        const judged = judgeNew(
          podOf({ command: words, securityContext: { runAsUser: user } }),
          [ehr],
          surroundings,
        )
        const violations = 'violations' in judged ? judged.violations : []

        expect(violations).toHaveLength(1)
        expect(violations[0]).toMatch(
          new RegExp(
            `^spec\\.containers\\[app\\]\\.command: names ${program}, .*no SETUID.*runAsUser.*fsGroup`,
          ),
        )
      }
      const { spec } = podOf({ command: words })
      expect(changeOfUserHints(spec)).toEqual([])
    })

  for (const [command, program] of possible)
    verifies('injection:preflight', `is let in where it may start: ${command.join(' ')}`, () => {
      const pod = podOf({ command })

      expect(judgeNew(pod, [ehr], surroundings)).toHaveProperty('pod')
      expect(changeOfUserHints(pod.spec).map((line) => line.split(', ')[0])).toEqual(
        program === undefined ? [] : [`spec.containers[app]: names ${program}`],
      )
    })

  test('is found in words of command and arguments together', () => {
    const { spec } = podOf({ command: ['tini'], args: ['--', 'gosu', 'app'] })
    expect(changeOfUserViolations(spec)).toHaveLength(1)
  })

  test('without a command the arguments are the entrypoint’s to read', () => {
    const { spec } = podOf({ args: ['gosu', 'app'] })
    expect(changeOfUserViolations(spec)).toEqual([])
    expect(changeOfUserHints(spec).join()).toContain('names gosu')
  })

  test('is found in init containers, probes and hooks', () => {
    const init = { name: 'own', command: ['su', 'app'], securityContext: { runAsUser: 1000 } }
    expect(changeOfUserViolations(aPod({ initContainers: [init] }).spec).join()).toContain(
      'spec.initContainers[own].command: names su',
    )
    for (const more of [
      { livenessProbe: { exec: { command: ['su', 'postgres', '-c', 'pg_isready'] } } },
      { lifecycle: { preStop: { exec: { command: inShell('sudo server stop') } } } },
    ])
      expect(changeOfUserHints(podOf(more).spec)).toHaveLength(1)
  })

  test('is told with everything else that is wrong', () => {
    const pod = podOf({ command: ['gosu', 'app'] })
    const judged = judgeNew({ ...pod, spec: { ...pod.spec, hostPID: true } }, [ehr], surroundings)
    const violations = 'violations' in judged ? judged.violations : []
    expect(violations.map((line) => line.split(':')[0])).toEqual([
      'spec.hostPID',
      'spec.containers[app].command',
    ])
  })

  test('of a stdio server is found behind our wrapper, as often as it is asked', () => {
    const stdio = aServer({ workload: { port: 8080, path: '/mcp', transport: 'Stdio' } })
    const server = {
      name: 'app',
      securityContext: { runAsUser: 1000 },
      command: ['setpriv', '--keep-groups', 'x'],
    }
    const once = judgeNew(aPod({ containers: [server] }), [stdio], surroundings)
    if ('violations' in once) throw new Error(once.violations.join())
    const wrapped = once.pod.spec.containers[0]?.command ?? []

    expect(wrapped.length).toBeGreaterThan(server.command.length)
    const again = {
      ...once.pod,
      spec: {
        ...once.pod.spec,
        containers: once.pod.spec.containers.map((one) => ({
          ...one,
          command: [...wrapped.slice(0, -server.command.length), 'gosu', 'app'],
        })),
      },
    }
    expect(judgeNew(again, [stdio], surroundings)).toMatchObject({
      violations: [expect.stringContaining('names gosu')],
    })
  })

  verifies(
    'injection:preflight',
    'is no way to lose a certificate: one that runs all the same goes on',
    () => {
      const made = inject(podOf({ command: ['sudo', 'server'] }), ehr, surroundings)
      if ('violations' in made) throw new Error(made.violations.join())
      expect(conforms(made.pod, ehr, surroundings)).toEqual([])
    },
  )

  test('is let in where nobody is guarded: stores and bystanders may change their user', () => {
    const store = { ...podOf({ command: ['gosu', 'postgres'] }), metadata: { labels: { app: 'web' } } }
    expect(judgeNew(store, [ehr], surroundings)).toMatchObject({ role: 'bystander', pod: {} })
  })
})

describe('a container that may be root', () => {
  test.each<[string, SecurityContext, SecurityContext, number]>([
    ['root', { runAsUser: 0 }, {}, 1],
    ['root by the pod', {}, { runAsUser: 0 }, 1],
    ['whom nobody names', {}, {}, 1],
    ['whom nobody names, and no root', { runAsNonRoot: true }, {}, 0],
    ['no root by the pod', {}, { runAsNonRoot: true }, 0],
    ['a number', { runAsUser: 1000 }, { runAsUser: 0 }, 0],
  ])('%s', (_what, own, pod, count) => {
    const { spec } = aPod({ containers: [anApp({ securityContext: own })], securityContext: pod })
    expect(changeOfUserHints(spec)).toHaveLength(count)
  })
})
