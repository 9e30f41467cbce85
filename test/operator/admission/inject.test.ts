import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { containers, guardedLabel, uids } from '../../../core/identifiers.ts'
import {
  baselineViolations,
  networkAnnotations,
  writtenAddress,
} from '../../../operator/admission/baseline.ts'
import { conforms } from '../../../operator/admission/conform.ts'
import { inject } from '../../../operator/admission/inject.ts'
import { judgeNew } from '../../../operator/admission/judge.ts'
import type {
  Pod,
  PodSecurityContext,
  PodSpec,
  Probe,
  SecurityContext,
} from '../../../operator/admission/pod.ts'
import { verifies } from '../../verifies.ts'
import { aServer } from '../world.ts'
import { aBystander, anApp, aPod, surroundings } from './pods.ts'

const ehr = aServer()
const local = aServer({
  trail: { acknowledge: 'Local', volume: { storageClassName: 'encrypted', size: '1Gi' } },
})

function injected(pod: Pod, server = ehr): Pod {
  const result = inject(pod, server, surroundings)
  if ('violations' in result) throw new Error(result.violations.join('\n'))
  return result.pod
}

function violations(pod: Pod, server = ehr): string[] {
  const result = inject(pod, server, surroundings)
  return 'violations' in result ? result.violations : []
}

const mounts = (pod: Pod) => pod.spec.containers[0]?.volumeMounts?.map(({ name }) => name)

/** Violations of a pod whose app has this security context, and the pod that one. */
const as = (container: SecurityContext, pod: PodSecurityContext = {}) =>
  violations(aPod({ containers: [anApp({ securityContext: container })], securityContext: pod }))

const asked = (kind: string) => ({ path: `/probe/app/${kind}`, port: 15021, scheme: 'HTTP' })

describe('a pod after injection', () => {
  test('is the pod of the golden file, with Stream acknowledgement', async () => {
    await expect(stringify(injected(aPod()))).toMatchFileSnapshot('golden/stream.yaml')
  })

  verifies('authentication:discovery', 'the guard learns the port, and the sidecar has one more', () => {
    const discovering = aServer({ tls: { discovery: { port: 8444 } } })
    const [guard, sidecar] = injected(aPod(), discovering).spec.initContainers ?? []
    const [plainGuard, plainSidecar] = injected(aPod()).spec.initContainers ?? []

    const variable = { name: 'HIPAA_MCP_DISCOVERY_PORT', value: '8444' }
    expect(guard).toEqual({ ...plainGuard, env: [...(plainGuard?.env ?? []), variable] })
    const port = { name: 'hipaa-discovery', containerPort: 15_444, protocol: 'TCP' }
    expect(sidecar).toEqual({ ...plainSidecar, ports: [...(plainSidecar?.ports ?? []), port] })
    expect(conforms(injected(aPod(), discovering), discovering, surroundings)).toEqual([])
    expect(conforms(injected(aPod()), discovering, surroundings).join()).toContain(
      'is not what admission puts',
    )
  })

  test('is the pod of the golden file, with Local acknowledgement and an init container of its own', async () => {
    const pod = aPod({ initContainers: [{ name: 'migrate', securityContext: { runAsUser: 1000 } }] })
    await expect(stringify(injected(pod, local))).toMatchFileSnapshot('golden/local.yaml')
  })

  test('with Both acknowledgement is that with Local, but for the mode', () => {
    const both = aServer({ trail: { ...local.spec.trail, acknowledge: 'Both' } })
    const [one, other] = [local, both].map((server) => stringify(injected(aPod(), server)))
    expect(other).toBe(one?.replace('value: Local', 'value: Both'))
    expect(other).toContain('value: Both')
    expect(conforms(injected(aPod(), local), both, surroundings).join()).toContain('HIPAA_MCP_TRAIL')
  })

  test('conforms, and injecting it again changes nothing', () => {
    for (const server of [ehr, local]) {
      const once = injected(aPod(), server)
      expect(conforms(once, server, surroundings)).toEqual([])
      expect(injected(once, server)).toEqual(once)
    }
  })

  test('gets its second call right when another webhook added a container meanwhile', () => {
    const once = injected(aPod())
    const late = anApp({
      name: 'late',
      livenessProbe: { httpGet: { path: '/l', port: 9000, scheme: 'HTTP' } },
    })
    const twice = injected({ ...once, spec: { ...once.spec, containers: [...once.spec.containers, late] } })
    expect(conforms(twice, ehr, surroundings)).toEqual([])
    expect(JSON.stringify(twice.spec.initContainers)).toContain('late/livez')
  })

  test('keeps the app’s own token only where the pod itself asked for it, and never gives it to the sidecar', () => {
    expect(mounts(injected(aPod()))).toEqual([])
    const kept = injected(aPod({ automountServiceAccountToken: true }))
    expect(mounts(kept)).toEqual(['kube-api-access-x7k2p'])
    expect(kept.spec.automountServiceAccountToken).toBe(false)
    expect(injected(kept)).toEqual(kept)
  })

  test('keeps its search domains and asks the sidecar for names', () => {
    const { dnsPolicy, dnsConfig } = injected(aPod({ dnsConfig: { searches: ['corp.example'] } })).spec
    expect({ dnsPolicy, dnsConfig }).toEqual({
      dnsPolicy: 'None',
      dnsConfig: {
        nameservers: ['127.0.0.1'],
        searches: ['clinic.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'corp.example'],
        options: [{ name: 'ndots', value: '5' }],
      },
    })
  })

  test('keeps a longer time to stop and a preStop hook of the app’s own', () => {
    const hook = { preStop: { exec: { command: ['/bin/stop'] } } }
    const pod = injected(
      aPod({ terminationGracePeriodSeconds: 300, containers: [anApp({ lifecycle: hook })] }),
    )
    expect(pod.spec.terminationGracePeriodSeconds).toBe(300)
    expect(pod.spec.containers[0]?.lifecycle).toEqual(hook)
  })

  test.each([
    [undefined, 60],
    [0, 60],
    [600, 600],
    [3_600, 600],
  ])('of %s seconds to stop it gets %s: a session in a deleted pod lasts no longer', (asked, given) => {
    const { terminationGracePeriodSeconds: _, ...spec } = aPod().spec
    const own = asked === undefined ? {} : { terminationGracePeriodSeconds: asked }
    const pod = injected({ ...aPod(), spec: { ...spec, ...own } })
    expect(pod.spec.terminationGracePeriodSeconds).toBe(given)
    expect(conforms(pod, ehr, surroundings)).toEqual([])
  })

  test('passes a dollar sign through the kubelet’s expansion', () => {
    const probe = { httpGet: { path: '/h?x=$(HOME)', port: 8080, scheme: 'HTTP' } }
    const pod = injected(aPod({ containers: [anApp({ livenessProbe: probe })] }))
    expect(JSON.stringify(pod.spec.initContainers)).toContain('$$(HOME)')
    expect(conforms(pod, ehr, surroundings)).toEqual([])
  })
})

/** Every leaf below `value`, as the path to it. */
function leaves(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (Array.isArray(value)) return value.flatMap((item, index) => leaves(item, [...path, index]))
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([name, item]) => leaves(item, [...path, name]))
  return [path]
}

/** A copy in which the value at `path` is another. */
function changed<Value>(value: Value, path: (string | number)[]): Value {
  const copy = structuredClone(value)
  const last = path.at(-1) as string
  const holder = path.slice(0, -1).reduce((at, name) => (at as never)[name], copy as unknown) as {
    [name: string]: unknown
  }
  const was = holder[last]
  holder[last] = typeof was === 'boolean' ? !was : typeof was === 'number' ? was + 1 : `${String(was)}x`
  return copy
}

const ours = (name: unknown) => typeof name === 'string' && name.startsWith('hipaa-mcp')

verifies('injection:whole-spec', 'any single value of our containers and volumes changed', () => {
  for (const server of [ehr, local]) {
    const pod = injected(aPod(), server)
    const paths = leaves(pod.spec).filter(([list, index]) => {
      const item = (pod.spec as { [list: string]: unknown })[list as string] as { name?: string }[]
      return Array.isArray(item) && ours(item[index as number]?.name)
    })
    expect(paths.length).toBeGreaterThan(90)
    const unseen = paths
      .filter((path) => path[2] !== 'resources')
      .filter(
        (path) => conforms({ ...pod, spec: changed(pod.spec, path) }, server, surroundings).length === 0,
      )
      .map((path) => path.join('.'))
    expect(unseen).toEqual([])
  }
})

verifies('injection:whole-spec', 'something added to one of our containers or left out of it', () => {
  const pod = injected(aPod())
  const [guard, sidecar] = pod.spec.initContainers as unknown as [{ command: string[] }, { env: unknown[] }]
  const withInit = (...initContainers: unknown[]) =>
    ({ ...pod, spec: { ...pod.spec, initContainers } }) as unknown as Pod
  const cases = {
    'a variable more': withInit(guard, {
      ...sidecar,
      env: [...sidecar.env, { name: 'NODE_OPTIONS', value: '--inspect' }],
    }),
    'arguments more': withInit(guard, { ...sidecar, args: ['--inspect'] }),
    'variables from elsewhere': withInit(guard, {
      ...sidecar,
      envFrom: [{ configMapRef: { name: 'mine' } }],
    }),
    'nothing proved': withInit({ ...guard, command: guard.command.slice(0, -1) }, sidecar),
    'no guard': withInit(sidecar),
    'no sidecar': withInit(guard),
    'nothing of ours': withInit(),
    'another order': withInit(sidecar, guard),
    'the app’s init container first': withInit(
      { name: 'first', securityContext: { runAsUser: 1000 } },
      guard,
      sidecar,
    ),
  }
  for (const [what, altered] of Object.entries(cases))
    expect(conforms(altered, ehr, surroundings), what).not.toEqual([])
})

verifies('injection:whole-spec', 'a container that is only named like ours', () => {
  const forged = {
    name: 'hipaa-mcp',
    image: 'busybox',
    restartPolicy: 'Always',
    securityContext: { runAsUser: 1 },
  }
  for (const spec of [
    { initContainers: [forged] },
    { containers: [anApp(), forged] },
    { initContainers: [{ ...forged, name: 'hipaa-mcp-trail' }] },
  ] as Partial<PodSpec>[])
    expect(violations(aPod(spec)).join()).toMatch(/Containers|containers\[/)
  const [first] = violations(aPod({ initContainers: [forged] }))
  expect(first).toBe(
    'spec.initContainers[hipaa-mcp]: is not what admission puts there: leave it out, it is added by itself',
  )
})

verifies('injection:whole-spec', 'an image of an earlier version: running pods yes, new pods no', () => {
  const pod = injected(aPod())
  const next = { ...surroundings, image: 'registry.example/hipaa-mcp@sha256:bbbb' }
  const both = { ...next, images: [...surroundings.images, next.image] }
  expect(conforms(pod, ehr, both)).toEqual([])
  expect(conforms(pod, ehr, { ...next, images: [next.image] }).join()).toContain('.image')
})

test('what LimitRanger may change is tolerated', () => {
  const pod = injected(aPod())
  const initContainers = pod.spec.initContainers?.map((container) => ({
    ...container,
    resources: {},
    resizePolicy: [],
  }))
  expect(conforms({ ...pod, spec: { ...pod.spec, initContainers } as PodSpec }, ehr, surroundings)).toEqual(
    [],
  )
})

verifies('injection:uid', 'a user that is left open, ours, or set for the whole pod', () => {
  expect(as({})).toEqual([
    "spec.containers[app].securityContext.runAsUser: is open, and the image could name any user: write the user's number (any but 64101, 64102, 64103)",
  ])
  for (const uid of Object.values(uids)) {
    expect(as({ runAsUser: uid }).join()).toContain('runAsUser: 64101, 64102, 64103')
    expect(as({}, { runAsUser: uid }).join()).toContain('runAsUser: 64101, 64102, 64103')
    expect(as({ runAsUser: 1, runAsGroup: uid }).join()).toContain('runAsGroup')
    expect(as({ runAsUser: 1 }, { fsGroup: uid }).join()).toContain(`group ${uid}`)
    expect(as({ runAsUser: 1 }, { supplementalGroups: [5, uid] }).join()).toContain(`group ${uid}`)
  }
  expect(as({}, { runAsUser: 1000 })).toEqual([])
  expect(as({ runAsUser: 0 })).toEqual([])
})

verifies('injection:uid', 'raw sockets and changes of user in every tenant container', () => {
  const pod = injected(
    aPod({
      initContainers: [{ name: 'migrate', securityContext: { runAsUser: 0 } }],
      containers: [
        anApp(),
        anApp({
          name: 'b',
          securityContext: { runAsUser: 2, capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } },
        }),
        anApp({ name: 'c', securityContext: { runAsUser: 3, capabilities: { drop: ['SETUID', 'KILL'] } } }),
      ],
    }),
  )
  const drops = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
    .filter(({ name }) => !ours(name))
    .map(({ name, securityContext: context }) => [
      name,
      context?.allowPrivilegeEscalation,
      context?.capabilities?.drop,
    ])
  expect(drops).toEqual([
    ['migrate', false, ['AUDIT_WRITE', 'NET_RAW', 'SETGID', 'SETUID']],
    ['app', false, ['AUDIT_WRITE', 'NET_RAW', 'SETGID', 'SETUID']],
    ['b', false, ['ALL']],
    ['c', false, ['SETUID', 'KILL', 'AUDIT_WRITE', 'NET_RAW', 'SETGID']],
  ])
  for (const add of [
    'SETUID',
    'SETGID',
    'NET_RAW',
    'AUDIT_WRITE',
    'NET_ADMIN',
    'net_admin',
    'CAP_NET_ADMIN',
    'ALL',
    'BPF',
  ])
    expect(
      violations(
        aPod({ containers: [anApp({ securityContext: { runAsUser: 1, capabilities: { add: [add] } } })] }),
      ).join(),
      add,
    ).toContain(`capabilities.add: ${add}`)
})

verifies('injection:uid', 'a running pod whose tenant has the capability back', () => {
  const pod = injected(aPod())
  const [app] = pod.spec.containers
  for (const securityContext of [
    { ...app?.securityContext, capabilities: { drop: ['SETGID', 'SETUID'] } },
    { ...app?.securityContext, allowPrivilegeEscalation: true },
    { ...app?.securityContext, runAsUser: uids.sidecar },
  ]) {
    const containers = [{ ...app, securityContext }] as PodSpec['containers']
    expect(conforms({ ...pod, spec: { ...pod.spec, containers } }, ehr, surroundings)).not.toEqual([])
  }
})

test('every way around the guard is refused by the name of its field', () => {
  const cases: [string, Partial<PodSpec>][] = [
    ['spec.hostNetwork', { hostNetwork: true }],
    ['spec.hostPID', { hostPID: true }],
    ['spec.hostIPC', { hostIPC: true }],
    ['spec.shareProcessNamespace', { shareProcessNamespace: true }],
    ['spec.os.name', { os: { name: 'windows' } }],
    ['spec.hostAliases', { hostAliases: [{ ip: '10.0.0.1', hostnames: ['api.vendor.example'] }] }],
    ['spec.ephemeralContainers', { ephemeralContainers: [anApp({ name: 'debug' })] }],
    ['spec.volumes[node].hostPath', { volumes: [{ name: 'node', hostPath: { path: '/' } }] }],
    ['spec.volumes[out].nfs', { volumes: [{ name: 'out', nfs: { server: '203.0.113.5', path: '/' } }] }],
    ['spec.volumes[out].iscsi', { volumes: [{ name: 'out', iscsi: { targetPortal: '203.0.113.5:3260' } }] }],
    ['spec.volumes[out].csi.driver', { volumes: [{ name: 'out', csi: { driver: 'nfs.csi.k8s.io' } }] }],
    ['spec.securityContext.seLinuxOptions.type', { securityContext: { seLinuxOptions: { type: 'spc_t' } } }],
    [
      'spec.securityContext.seLinuxOptions.user',
      { securityContext: { seLinuxOptions: { user: 'system_u' } } },
    ],
    [
      'spec.volumes[t].projected',
      {
        volumes: [
          { name: 't', projected: { sources: [{ serviceAccountToken: { audience: 'hipaa-mcp' } }] } },
        ],
      },
    ],
    [
      'spec.volumes[c].persistentVolumeClaim',
      { volumes: [{ name: 'c', persistentVolumeClaim: { claimName: 'ehr-1-hipaa-mcp-trail' } }] },
    ],
    ['spec.volumes[hipaa-mcp-x].name', { volumes: [{ name: 'hipaa-mcp-x' }] }],
    ['spec.volumes[hipaa-mcp-token].emptyDir', { volumes: [{ name: 'hipaa-mcp-token', emptyDir: {} }] }],
    [
      'spec.securityContext.sysctls[net.ipv4.conf.all.route_localnet]',
      { securityContext: { sysctls: [{ name: 'net.ipv4.conf.all.route_localnet', value: '1' }] } },
    ],
    [
      'spec.securityContext.sysctls[net.ipv4.tcp_syncookies]',
      { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '2' }] } },
    ],
    [
      'spec.securityContext.seccompProfile.type',
      { securityContext: { seccompProfile: { type: 'Unconfined' } } },
    ],
  ]
  for (const [field, spec] of cases) expect(violations(aPod(spec)).join('\n'), field).toContain(`${field}:`)
  const containers: [string, object][] = [
    ['securityContext.privileged', { securityContext: { runAsUser: 1, privileged: true } }],
    ['securityContext.procMount', { securityContext: { runAsUser: 1, procMount: 'Unmasked' } }],
    [
      'securityContext.allowPrivilegeEscalation',
      { securityContext: { runAsUser: 1, allowPrivilegeEscalation: true } },
    ],
    [
      'securityContext.appArmorProfile.type',
      { securityContext: { runAsUser: 1, appArmorProfile: { type: 'Unconfined' } } },
    ],
    ['ports[8080].hostPort', { ports: [{ containerPort: 8080, hostPort: 80 }] }],
    ['volumeMounts[hipaa-mcp-token]', { volumeMounts: [{ name: 'hipaa-mcp-token', mountPath: '/t' }] }],
    ['volumeMounts[hipaa-mcp-trail]', { volumeDevices: [{ name: 'hipaa-mcp-trail', devicePath: '/t' }] }],
    ['lifecycle.preStop', { lifecycle: { preStop: { httpGet: { port: 8080 } } } }],
    ['lifecycle.postStart', { lifecycle: { postStart: { tcpSocket: { port: 8080 } } } }],
  ]
  for (const [field, container] of containers)
    expect(violations(aPod({ containers: [anApp(container)] })).join('\n'), field).toContain(
      `spec.containers[app].${field}:`,
    )
})

test('a second network, another’s address or sender is refused to every pod, at first and afterwards', () => {
  const [frozen, ofBindings] = ['changes', 'labels'].map((policy) =>
    /\[('k8s[^\]]+)\]\.all\(name,/
      .exec(
        readFileSync(new URL(`../../../config/webhook/policy-${policy}.yaml`, import.meta.url), 'utf8'),
      )?.[1]
      ?.match(/[^', \n]+/g)
      ?.toSorted(),
  )
  expect(frozen).toEqual([...networkAnnotations].toSorted())
  expect(ofBindings).toEqual([...networkAnnotations, writtenAddress].toSorted())

  for (const name of networkAnnotations) {
    const annotations = { [name]: 'x', 'hipaa-mcp.dev/server': 'ehr' }
    const says = `metadata.annotations[${name}]: a pod of an enrolled namespace has one network`
    expect(violations(aPod({}, { annotations })).join(), name).toContain(says)
    expect(baselineViolations(aBystander({}, { annotations }), new Set()).join(), name).toContain(says)
  }
  // OVN-Kubernetes writes that one into a pod that runs: a new one does not bring it along.
  const brings = aBystander({}, { annotations: { [writtenAddress]: '{}' } })
  expect(judgeNew(brings, [], surroundings)).toMatchObject({
    violations: [
      expect.stringContaining(`metadata.annotations[${writtenAddress}]: a pod of an enrolled namespace`),
    ],
  })
  expect(baselineViolations(brings, new Set())).toEqual([])
  // What a plugin writes of a pod that runs.
  const told = { 'cni.projectcalico.org/podIP': '10.0.0.7/32', 'k8s.v1.cni.cncf.io/network-status': '[]' }
  expect(baselineViolations(aBystander({}, { annotations: told }), new Set())).toEqual([])
})

verifies(
  'injection:probes',
  'each network probe is asked by the sidecar, with the same timing; exec stays',
  () => {
    const pod = injected(
      aPod({
        containers: [
          anApp({
            startupProbe: { exec: { command: ['/bin/up'] }, periodSeconds: 2 },
            readinessProbe: { grpc: { port: 9000, service: 'health' }, failureThreshold: 7 },
          }),
        ],
      }),
    )
    const [app] = pod.spec.containers
    expect(app?.livenessProbe).toEqual({ httpGet: asked('livez'), periodSeconds: 10, timeoutSeconds: 3 })
    expect(app?.readinessProbe).toEqual({ httpGet: asked('readyz'), failureThreshold: 7 })
    expect(app?.startupProbe).toEqual({ exec: { command: ['/bin/up'] }, periodSeconds: 2 })
    const told = pod.spec.initContainers?.[1]?.env?.find(({ name }) => name === 'HIPAA_MCP_PROBES')?.value
    expect(JSON.parse(told ?? '')).toEqual({
      'app/livez': { httpGet: { path: '/healthz', port: 8080, scheme: 'HTTP' } },
      'app/readyz': { grpc: { port: 9000, service: 'health' } },
    })
  },
)

const refused = (livenessProbe: Probe) => violations(aPod({ containers: [anApp({ livenessProbe })] })).join()

verifies('injection:probes', 'a probe that would send the sidecar elsewhere is refused', () => {
  expect(refused({ httpGet: { port: 80, host: '10.1.2.3' } })).toContain('livenessProbe.httpGet.host')
  expect(refused({ tcpSocket: { port: 80, host: 'db' } })).toContain('livenessProbe.tcpSocket.host')
  expect(refused({ httpGet: { port: 15021, path: '/drain' } })).toContain('livenessProbe.httpGet.port')
  expect(refused({ httpGet: { port: 15021, path: '/probe/app/livez' } })).toContain(
    'livenessProbe.httpGet.port',
  )
  expect(refused({ httpGet: { port: 'nowhere' } })).toContain('livenessProbe.httpGet.port')
})

verifies('injection:probes', 'what the sidecar was told cannot be forged to send it elsewhere', () => {
  const pod = injected(aPod())
  for (const forged of [
    { httpGet: { port: 8080, host: 'metadata.internal' } },
    { tcpSocket: { port: 8080 }, httpGet: { port: 80, host: 'x' } },
    null,
    'text',
  ]) {
    const copy = structuredClone(pod)
    const env = copy.spec.initContainers?.[1]?.env?.find(({ name }) => name === 'HIPAA_MCP_PROBES')
    if (env !== undefined) env.value = JSON.stringify({ ...JSON.parse(env.value ?? ''), 'app/livez': forged })
    expect(violations(copy).join()).toContain('livenessProbe')
  }
})

const profile = (pod: Pod) => injected(pod).spec.containers[0]?.securityContext?.seccompProfile

test('a container without a seccomp profile gets the runtime’s own; one that is named stays', () => {
  const local = { type: 'Localhost', localhostProfile: 'ehr.json' }
  expect(profile(aPod())).toEqual({ type: 'RuntimeDefault' })
  expect(
    profile(aPod({ containers: [anApp({ securityContext: { runAsUser: 1, seccompProfile: local } })] })),
  ).toEqual(local)
  expect(profile(aPod({ securityContext: { seccompProfile: local } }))).toBeUndefined()
})

test('a pod without our label conforms to nothing', () => {
  const pod = injected(aPod())
  const other = { ...pod, metadata: { ...pod.metadata, labels: { [guardedLabel]: 'billing' } } }
  expect(conforms(other, ehr, surroundings)).toEqual([
    `metadata.labels[${guardedLabel}]: is not ehr: make a new pod`,
  ])
})

test('our containers take other amounts, and no device or claim of somebody else', () => {
  const pod = injected(aPod())
  const withResources = (resources: object): Pod => ({
    ...pod,
    spec: {
      ...pod.spec,
      initContainers: (pod.spec.initContainers ?? []).map((one) =>
        one.name === containers.sidecar ? { ...one, resources } : one,
      ),
    },
  })
  const path = 'spec.initContainers[hipaa-mcp].resources'
  expect(violations(withResources({ limits: { cpu: '3', memory: '1Gi' } }))).toEqual([])
  expect(violations(withResources({ limits: { 'vendor.example/spy': '1' } })).join()).toContain(
    `${path}[vendor.example/spy]:`,
  )
  expect(violations(withResources({ claims: [{ name: 'spy' }] })).join()).toContain(`${path}.claims:`)
})

test('a pod with a resolver of its own and no searches gets ours, and is the same when it is read back', () => {
  const pod = injected(aPod({ dnsPolicy: 'None', dnsConfig: { nameservers: ['203.0.113.5'] } }))
  expect(pod.spec.dnsConfig?.nameservers).toEqual(['127.0.0.1'])
  // As the API server writes what it was given.
  const stored = JSON.parse(JSON.stringify(pod).replaceAll(',"value":""', '')) as Pod
  expect(conforms(stored, ehr, surroundings)).toEqual([])
})
