// The test node itself: what other tests take for granted about it is seen here once.

import { execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { exists, startTime } from '../../config/image/cache.ts'
import { productImage } from '../../config/image/product.ts'
import { until } from '../cluster/api.ts'
import { type Cluster, containerdPid, down, up } from '../cluster/cluster.ts'
import { components } from '../cluster/components.ts'
import { processesOf } from '../cluster/processes.ts'
import { loopsBelow, mountsBelow } from '../cluster/remove.ts'
import { type Slot, takenSlots } from '../cluster/slot.ts'
import { flushDevice, foundOnDevice, policyAnnotation, type StorageKind } from '../cluster/storage.ts'
import { freePort } from '../support/free-port.ts'
import { verifies } from '../verifies.ts'

const run = promisify(execFile)
const namespace = `cluster-${randomUUID().slice(0, 8)}`
let cluster: Cluster
let kubectlPath: string

async function kubectl(...args: string[]): Promise<string> {
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfig }
  return (await run(kubectlPath, ['-n', namespace, ...args], { env })).stdout
}

async function apply(...objects: object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
  const child = spawn(kubectlPath, ['-n', namespace, 'apply', '--server-side', '-f', '-'], {
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { ...process.env, KUBECONFIG: cluster.kubeconfig },
  })
  child.stdin.end(list)
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect(code, 'kubectl apply').toBe(0)
}

const server = `require('http').createServer((q, a) => a.end('hello')).listen(8080)`
const idle = 'setInterval(() => {}, 1000)'

function aPod(
  name: string,
  script: string,
  more: { labels?: object; spec?: object; container?: object } = {},
): object {
  const container = {
    name: 'main',
    image: productImage,
    imagePullPolicy: 'IfNotPresent',
    args: ['-e', script],
  }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name, ...more.labels } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ ...container, ...more.container }],
      ...more.spec,
    },
  }
}

const podIP = async (name: string): Promise<string> =>
  await kubectl('get', 'pod', name, '-o', 'jsonpath={.status.podIP}')

/** What a new connection gives: the server's words, or the error's code. */
const fetching = (url: string): string =>
  `fetch('${url}', { signal: AbortSignal.timeout(3000) }).then((a) => a.text(), (e) => e.cause?.code ?? e.name).then((t) => process.stdout.write(t))`

const words = async (url: string): Promise<string> =>
  await (await fetch(url, { signal: AbortSignal.timeout(5_000) })).text()

const lookup = (name: string): string =>
  `require('dns').lookup('${name}', (e, a) => process.stdout.write(e ? e.code : a))`

function volume(name: string, storageClassName: StorageKind): { name: string; ephemeral: object } {
  const spec = {
    storageClassName,
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '64Mi' } },
  }
  return { name, ephemeral: { volumeClaimTemplate: { spec } } }
}

const fromPod = async (pod: string, script: string): Promise<string> =>
  await kubectl('exec', pod, '--', '/usr/bin/node', '-e', script)

beforeAll(async () => {
  cluster = await up({})
  kubectlPath = (await components(console.error)).path('kubectl')
  await kubectl('create', 'namespace', namespace)
  await apply(
    aPod('server', server, {
      container: { readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } },
    }),
    aPod('friend', idle, { labels: { friend: 'yes' } }),
    aPod('stranger', idle),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'server' },
      spec: { selector: { app: 'server' }, ports: [{ port: 80, targetPort: 8080 }] },
    },
  )
  await kubectl('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=60s')
})

afterAll(async () => {
  await kubectl('delete', 'namespace', namespace, '--wait=false')
})

describe('the node', () => {
  test('is Ready, of the version named, and refuses what Pod Security refuses', async () => {
    const node = JSON.parse(await kubectl('get', 'node', 'node-a', '-o', 'json')) as {
      status: { conditions: { type: string; status: string }[]; nodeInfo: { kubeletVersion: string } }
    }

    expect(node.status.nodeInfo.kubeletVersion).toBe('v1.36.3')
    expect(node.status.conditions.find(({ type }) => type === 'Ready')?.status).toBe('True')
    await kubectl('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=baseline')
    const privileged = kubectl('run', 'privileged', '--image', productImage, '--privileged')
    await expect(privileged).rejects.toThrow(/violates PodSecurity/)
    await kubectl('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce-')
  })

  test('is reached from the host by pod and by Service, and from the API server’s side by Service', async () => {
    const service = await kubectl('get', 'service', 'server', '-o', 'jsonpath={.spec.clusterIP}')

    expect(await words(`http://${await podIP('server')}:8080/`)).toBe('hello')
    expect(await words(`http://${service}/`)).toBe('hello')
    // Webhooks are called so: from the API server's network namespace to a Service's address.
    const inside = [`--net=${cluster.netns}`, process.execPath, '-e', fetching(`http://${service}/`)]
    expect((await run('nsenter', inside)).stdout).toBe('hello')
  })

  test('lets kubectl read logs, run commands and forward ports', async () => {
    await apply(aPod('speaker', `console.log('spoken'); ${idle}`))
    await kubectl('wait', '--for=condition=Ready', 'pod/speaker', '--timeout=30s')
    const port = await freePort()
    const forward = spawn(kubectlPath, ['-n', namespace, 'port-forward', 'pod/server', `${port}:8080`], {
      stdio: 'ignore',
      env: { ...process.env, KUBECONFIG: cluster.kubeconfig },
    })
    try {
      expect(await kubectl('logs', 'speaker')).toBe('spoken\n')
      expect(await fromPod('speaker', `process.stdout.write('uid ' + process.getuid())`)).toBe('uid 64102')
      await until(
        'the port is forwarded',
        10,
        async () => (await (await fetch(`http://127.0.0.1:${port}/`)).text()) === 'hello',
      )
    } finally {
      forward.kill()
    }
  })

  test('resolves the names of Services, partner.test for them, and no others', async () => {
    const service = await kubectl('get', 'service', 'server', '-o', 'jsonpath={.spec.clusterIP}')
    expect(await fromPod('friend', lookup('server'))).toBe(service)
    expect(await fromPod('friend', lookup(`server.${namespace}.svc.cluster.local`))).toBe(service)
    expect(await fromPod('friend', lookup(`server.${namespace}.partner.test`))).toBe(service)
    expect(await fromPod('friend', lookup('example.org'))).toBe('ENOTFOUND')
  })

  test('enforces a NetworkPolicy: a stranger is refused and a friend let in', async () => {
    const url = `http://${await podIP('server')}:8080/`
    expect(await fromPod('stranger', fetching(url))).toBe('hello')

    await apply({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'friends' },
      spec: {
        podSelector: { matchLabels: { app: 'server' } },
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ podSelector: { matchLabels: { friend: 'yes' } } }] }],
      },
    })

    await until(
      'the stranger is refused',
      20,
      async () => (await fromPod('stranger', fetching(url))) === 'ECONNREFUSED',
    )
    expect(await fromPod('friend', fetching(url))).toBe('hello')
    await kubectl('delete', 'networkpolicy', 'friends')
  })

  test('issues a certificate by cert-manager', async () => {
    const group = 'cert-manager.io/v1'
    await apply(
      { apiVersion: group, kind: 'Issuer', metadata: { name: 'self' }, spec: { selfSigned: {} } },
      {
        apiVersion: group,
        kind: 'Certificate',
        metadata: { name: 'authority' },
        spec: { isCA: true, commonName: 'authority', secretName: 'authority', issuerRef: { name: 'self' } },
      },
      {
        apiVersion: group,
        kind: 'Issuer',
        metadata: { name: 'ca' },
        spec: { ca: { secretName: 'authority' } },
      },
      {
        apiVersion: group,
        kind: 'Certificate',
        metadata: { name: 'leaf' },
        spec: { dnsNames: ['leaf.example.org'], secretName: 'leaf', issuerRef: { name: 'ca' } },
      },
    )

    await kubectl('wait', '--for=condition=Ready', 'certificate/leaf', '--timeout=60s')
    const certificate = await kubectl('get', 'secret', 'leaf', '-o', String.raw`jsonpath={.data.tls\.crt}`)
    expect(Buffer.from(certificate, 'base64').toString()).toContain('BEGIN CERTIFICATE')
  })
})

describe('storage', () => {
  verifies('rest:test-volume', 'a pod writes the same text to both classes', async () => {
    const marker = `marker-${randomUUID()}`
    const mounts = [
      { name: 'encrypted', mountPath: '/encrypted' },
      { name: 'plain', mountPath: '/plain' },
    ]
    // Read from the environment, so that the marker stands in no image, no log and no command line on these devices.
    const write = `for (const d of ['encrypted', 'plain']) require('fs').writeFileSync('/' + d + '/' + process.env.NAME, process.env.MARKER)`
    const env = [
      { name: 'MARKER', value: marker },
      { name: 'NAME', value: `name-of-${marker}` },
    ]
    await apply(
      aPod('writer', `${write}; ${idle}`, {
        container: { volumeMounts: mounts, env },
        spec: { volumes: [volume('encrypted', 'encrypted'), volume('plain', 'plain')] },
      }),
    )
    await kubectl('wait', '--for=condition=Ready', 'pod/writer', '--timeout=60s')
    const written = `process.stdout.write(require('fs').readFileSync('/encrypted/' + process.env.NAME))`
    expect(await fromPod('writer', written)).toBe(marker)

    const node = await containerdPid(cluster.state)
    for (const kind of ['encrypted', 'plain'] as const) await flushDevice(cluster.state, node, kind)

    const texts = [marker, `name-of-${marker}`]
    expect((await foundOnDevice(cluster.state, 'plain', texts)).toSorted()).toEqual(texts)
    expect(await foundOnDevice(cluster.state, 'encrypted', texts)).toEqual([])
    const name = await kubectl('get', 'pvc', 'writer-encrypted', '-o', 'jsonpath={.spec.volumeName}')
    const { metadata } = JSON.parse(await kubectl('get', 'pv', name, '-o', 'json')) as {
      metadata: { annotations: Record<string, string> }
    }
    expect(metadata.annotations[policyAnnotation]).toMatch(/^v2 AES-256-XTS AES-256-CTS [0-9a-f]{32}$/)
  })

  test('a volume goes with its pod, unless its reclaim policy was set to Retain', async () => {
    const volumes = ['kept', 'dropped'].map((name) => volume(name, 'encrypted'))
    const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}` }))
    await apply(aPod('owner', idle, { container: { volumeMounts }, spec: { volumes } }))
    await kubectl('wait', '--for=condition=Ready', 'pod/owner', '--timeout=60s')
    const volumeOf = async (name: string): Promise<string> =>
      await kubectl('get', 'pvc', `owner-${name}`, '-o', 'jsonpath={.spec.volumeName}')
    const [kept, dropped] = [await volumeOf('kept'), await volumeOf('dropped')]
    await kubectl('patch', 'pv', kept, '-p', '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}')

    await kubectl('delete', 'pod', 'owner')

    await kubectl('wait', '--for=delete', `pv/${dropped}`, '--timeout=30s')
    expect(await kubectl('get', 'pv', kept, '-o', 'jsonpath={.status.phase}')).toBe('Released')
    await kubectl('patch', 'pv', kept, '-p', '{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}')
    await kubectl('wait', '--for=delete', `pv/${kept}`, '--timeout=30s')
  })
})

describe('down', () => {
  const started: string[] = []
  const aName = (word: string): string => {
    const name = `${word}-${randomUUID().slice(0, 6)}`
    started.push(name)
    return name
  }
  // A test that fails half-way must not leave what it is about.
  afterEach(async () => {
    for (const name of started.splice(0)) await down(name)
  })

  test('leaves nothing of a running cluster, and its neighbour runs on', async () => {
    const name = aName('gone')
    const second = await up({ name, images: 'node' })
    const slot = await slotOf(name)
    const before = await livesIn(slot)
    expect(second.nodeIP).not.toBe(cluster.nodeIP)
    // The node's own and the DNS pod's.
    expect([...before.namespaces].filter((one) => one.startsWith('net:')).length).toBeGreaterThanOrEqual(2)
    expect(await loopsBelow(slot.state)).toHaveLength(2)

    await second.down()

    expect(await traces(slot, before)).toEqual([])
    expect(await fromPod('friend', `process.stdout.write('alive')`)).toBe('alive')
  }, 180_000)

  test.each([
    ['the control plane', 'log/kube-controller-manager'],
    ['the pods', 'log/provisioner'],
  ])(
    'leaves nothing of a start that was killed while it started %s',
    async (_, sign) => {
      const name = aName('shot')
      const main = join(import.meta.dirname, '..', 'cluster', 'main.ts')
      const launcher = spawn(process.execPath, [main, 'up', '--name', name], { stdio: 'ignore' })
      const ended = new Promise((resolve) => launcher.once('close', resolve))
      // Its log may be there before its process is seen.
      await until(`the start comes as far as ${sign}`, 100, async () => {
        const slot = await slotOf(name)
        return (await exists(join(slot.state, sign))) && (await processesOf(slot)).length > 3
      })
      launcher.kill('SIGKILL')
      await ended
      const slot = await slotOf(name)
      const before = await livesIn(slot)

      await down(name)

      expect(await traces(slot, before)).toEqual([])
    },
    180_000,
  )
})

async function slotOf(name: string): Promise<Slot> {
  const slot = (await takenSlots()).find((taken) => taken.name === name)
  if (slot === undefined) throw new Error(`cluster ${name} has no slot`)
  return slot
}

/** Where the processes of a cluster lived, which ended since. */
type Lived = {
  /** Namespaces of networks and of mounts that are not the machine's own. */
  namespaces: Set<string>
  /** The machine's mounts of these. */
  mounts: string[]
}

const kinds = ['net', 'mnt'] as const
const namespaceOf = async (pid: number | string, kind: (typeof kinds)[number]): Promise<string> =>
  await readlink(`/proc/${pid}/ns/${kind}`).catch(() => '')
const ownMounts = async (): Promise<string[]> =>
  (await readFile('/proc/self/mountinfo', 'utf8')).trim().split('\n')

async function livesIn(slot: Slot): Promise<Lived> {
  const namespaces = new Set<string>()
  for (const kind of kinds) {
    for (const pid of await processesOf(slot)) namespaces.add(await namespaceOf(pid, kind))
    namespaces.delete(await namespaceOf('self', kind))
  }
  namespaces.delete('')
  const mounts = (await ownMounts()).filter((line) => [...namespaces].some((one) => line.includes(one)))
  return { namespaces, mounts }
}

/**
 * All that is left of a cluster on this machine. The kernel gives a namespace's number away again, and other tests make some
 * meanwhile: what begins after the cluster has ended is not its own.
 */
async function traces(slot: Slot, { namespaces, mounts }: Lived): Promise<string[]> {
  const [uptime = ''] = (await readFile('/proc/uptime', 'utf8')).split(' ')
  const endedTicks = Number(uptime) * 100
  const left = (await processesOf(slot)).map((pid) => `process ${pid}`)
  left.push(...(await mountsBelow(slot.state)), ...(await loopsBelow(slot.state)))
  for (const path of [slot.state, `/sys/class/net/${slot.link}`]) if (await exists(path)) left.push(path)
  if ((await takenSlots()).some(({ number }) => number === slot.number)) left.push(`slot ${slot.number}`)
  const listed = await Promise.all(['-4', '-6'].map(async (family) => await run('ip', [family, 'route'])))
  const routes = listed.flatMap(({ stdout }) => stdout.split('\n'))
  const ranges = slot.addresses.flatMap((each) => [each.podRange, each.serviceRange, each.hostIP])
  left.push(...routes.filter((route) => ranges.some((range) => route.includes(range))))
  for (const tree of await readdir('/sys/fs/cgroup')) {
    const group = join('/sys/fs/cgroup', tree, slot.link)
    if (await exists(group)) left.push(group)
  }
  if (await exists(join('/sys/fs/cgroup', slot.link))) left.push(`control group ${slot.link}`)
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)))
    for (const kind of kinds) {
      const one = await namespaceOf(pid, kind)
      if (namespaces.has(one) && Number(await startTime(Number(pid))) <= endedTicks)
        left.push(`process ${pid} in ${one}`)
    }
  const now = await ownMounts()
  left.push(...mounts.filter((line) => now.includes(line)))
  left.push(...now.filter((line) => line.includes(slot.state)))
  return left
}
