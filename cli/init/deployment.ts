// A server that runs in the cluster: what its workload says of it, and a way to it through the API server.

import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { PassThrough } from 'node:stream'
import { dnsPort, mostLoopback, sidecarPorts } from '../../core/identifiers.ts'
import { isObject } from '../../core/is-object.ts'
import { CannotError, type Screen, textOf, UsageError, type Values } from '../command.ts'
import { type Kube, openKube } from '../kube.ts'
import type { Wire } from './catalogue.ts'
import { httpWire } from './http.ts'
import type { Workload } from './manifest.ts'

const kinds: { readonly [kind: string]: string } = {
  deployment: '/apis/apps/v1/namespaces/NS/deployments/NAME',
  statefulset: '/apis/apps/v1/namespaces/NS/statefulsets/NAME',
  daemonset: '/apis/apps/v1/namespaces/NS/daemonsets/NAME',
  pod: '/api/v1/namespaces/NS/pods/NAME',
}

type Container = {
  readonly name: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly ports?: readonly {
    readonly containerPort: number
    readonly name?: string
    readonly protocol?: string
  }[]
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
  readonly stdin?: boolean
}

/** What a pod's specification says of the server in it. */
export type Seen = {
  readonly container: string
  readonly several: boolean
  readonly port?: number
  /** Ports of the other containers, which the server may reach by localhost. */
  readonly beside: readonly number[]
  readonly why: string
  readonly command: readonly string[]
}

type Source = { wire: Wire; workload: (server: string) => Workload; end: () => Promise<void> }

/** Connects to a pod of the workload. Rejects with `CannotError` that says what to run instead, where it cannot. */
export async function deployed(
  from: string,
  fixed: { readonly name?: string; readonly namespace?: string },
  values: Values,
  options: { ca: readonly string[]; token?: string },
  screen: Screen,
): Promise<Source> {
  const [, kind = '', name = ''] = /^([a-z]+)\/([a-z0-9][a-z0-9.-]*)$/.exec(from) ?? []
  const template = kinds[kind]
  if (template === undefined) throw new UsageError(`--from wants ${Object.keys(kinds).join('/NAME, ')}/NAME`)
  const { namespace } = fixed
  if (namespace === undefined) throw new UsageError('--from wants --namespace as well')
  const kube = await openKube(values)
  const object = await read(
    kube,
    template.replace('NS', namespace).replace('NAME', name),
    `${kind} ${namespace}/${name}`,
  )
  const seen = seenIn(podSpecOf(object, kind), portOf(values))
  const { port } = seen
  if (port === undefined)
    throw new CannotError(
      `${from} opens no port: it may speak on standard input and output. Then run its command: hipaa-mcp init --command 'kubectl exec -i -n ${namespace} ${from} -c ${seen.container} -- ${seen.command.join(' ') || 'COMMAND'}' -n ${namespace}; else give --port`,
    )
  const pod = kind === 'pod' ? name : await podOf(kube, object, namespace, from)
  const way = await forwarded(kube, namespace, pod, port)
  const path = textOf(values, 'path') ?? '/mcp'
  screen.note(`Reading ${from} through pod ${pod}, port ${port}`)
  const wire = httpWire(`http://127.0.0.1:${way.port}${path}`, options)
  const request: Wire['request'] = async (...asked) => {
    try {
      return await wire.request(...asked)
    } catch (cause) {
      if (!way.refused()) throw cause
      throw new CannotError(
        `The cluster forwards no port to pod ${namespace}/${pod}: you need that right, and into a pod that is guarded already nobody has it. Read the server before it is guarded, or a copy of it with --url`,
        { cause },
      )
    }
  }
  return {
    wire: { ...wire, request },
    workload: () => ({
      name: { value: fixed.name ?? (name.replace(/-mcp$/, '') || name), why: '' },
      namespace: { value: namespace, why: '' },
      port: { value: port, why: seen.why },
      path: { value: path, why: 'as it answered; every other path is refused' },
      transport: { value: 'StreamableHttp', why: 'as it answered' },
      ...(seen.beside.length === 0
        ? {}
        : {
            loopback: {
              value: seen.beside,
              why: 'ports of the other containers: keep those that the server reaches by localhost',
            },
          }),
      ...(seen.several
        ? { container: { value: seen.container, why: 'the pod has several: the one that opens the port' } }
        : {}),
    }),
    end: async () => {
      await wire.end()
      way.close()
    },
  }
}

async function read(kube: Kube, path: string, what: string): Promise<{ readonly [member: string]: unknown }> {
  const { status, body } = await kube.request('GET', path)
  if (status === 404) throw new CannotError(`There is no ${what}`)
  if (status !== 200 || !isObject(body)) throw new CannotError(`You may not read ${what} (${status})`)
  return body
}

function podSpecOf(
  { spec }: { readonly [member: string]: unknown },
  kind: string,
): { containers: readonly Container[] } {
  const template = isObject(spec) ? spec['template'] : undefined
  const own = kind === 'pod' ? spec : isObject(template) ? template['spec'] : undefined
  const containers = isObject(own) ? own['containers'] : undefined
  return { containers: Array.isArray(containers) ? (containers as Container[]) : [] }
}

function portOf(values: Values): number | undefined {
  const text = textOf(values, 'port')
  if (text === undefined) return undefined
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new UsageError('--port wants a number from 1 to 65535')
  return port
}

/** The container and port that look most like an MCP server's. `given`: as a person says. */
export function seenIn(
  { containers }: { readonly containers: readonly Container[] },
  given: number | undefined,
): Seen {
  const candidates = containers.flatMap((container) =>
    (container.ports ?? [])
      .filter(({ protocol }) => protocol === undefined || protocol === 'TCP')
      .map((port) => ({
        container,
        port: port.containerPort,
        rank: rankOf(port.name ?? '', container.name),
      })),
  )
  const [best] = candidates
    .filter(({ port }) => given === undefined || port === given)
    .toSorted((a, b) => b.rank - a.rank)
  const fromEnv = containers.flatMap((container) =>
    (container.env ?? [])
      .filter(({ name, value }) => /^(?:MCP_|HTTP_)?PORT$/.test(name) && /^\d{2,5}$/.test(value ?? ''))
      .map(({ name, value }) => ({ container, port: Number(value), why: `from its variable ${name}` })),
  )[0]
  const found =
    best === undefined
      ? given === undefined
        ? fromEnv
        : { container: containers[0], port: given, why: 'as you said' }
      : { ...best, why: `from containerPort of ${best.container.name}` }
  const container = found?.container ?? containers[0]
  return {
    container: container?.name ?? '',
    several: containers.length > 1,
    beside: besideOf(candidates, container?.name, found?.port),
    why: found?.why ?? '',
    command: [...(container?.command ?? []), ...(container?.args ?? [])],
    ...(found === undefined ? {} : { port: found.port }),
  }
}

/** As many as a policy may declare, and none that is the sidecar's. */
function besideOf(
  candidates: readonly { container: Container; port: number }[],
  server: string | undefined,
  own: number | undefined,
): number[] {
  const taken: readonly unknown[] = [own, dnsPort, ...sidecarPorts]
  const others = candidates.filter(
    ({ container, port }) => container.name !== server && !taken.includes(port),
  )
  return [...new Set(others.map(({ port }) => port))].slice(0, mostLoopback)
}

function rankOf(port: string, container: string): number {
  return (
    Number(/mcp/.test(port)) * 4 +
    Number(/mcp/.test(container)) * 2 +
    Number(/http|web|api/.test(port)) -
    Number(/metric|health|probe|admin|debug/.test(port)) * 4
  )
}

/** A pod of the workload that runs and is ready. */
async function podOf(
  kube: Kube,
  object: { readonly [member: string]: unknown },
  namespace: string,
  from: string,
): Promise<string> {
  const { spec } = object
  const selector = isObject(spec) ? spec['selector'] : undefined
  const labels = isObject(selector) && isObject(selector['matchLabels']) ? selector['matchLabels'] : {}
  const query = Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(',')
  const { body } = await kube.request(
    'GET',
    `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(query)}`,
  )
  const items = isObject(body) && Array.isArray(body['items']) ? (body['items'] as Pod[]) : []
  const ready = items
    .filter(({ status }) =>
      status?.conditions?.some(({ type, status: state }) => type === 'Ready' && state === 'True'),
    )
    .map(({ metadata }) => metadata.name)
    .toSorted()
  const [pod] = ready
  if (pod === undefined || query === '')
    throw new CannotError(`No pod of ${from} is ready: start one, or read the server elsewhere with --url`)
  return pod
}

type Pod = {
  metadata: { name: string }
  status?: { conditions?: { type: string; status: string }[] }
}

/** `refused`: whether the cluster let nothing through. */
type Forwarded = { readonly port: number; refused(): boolean; close(): void }

/** A port of this machine, for this program alone, that leads to the pod's. */
async function forwarded(kube: Kube, namespace: string, pod: string, port: number): Promise<Forwarded> {
  const { PortForward } = await import('@kubernetes/client-node')
  let refused = false
  const forward = new PortForward(kube.config, false)
  const server = createServer((socket) => {
    const fromPod = new PassThrough()
    fromPod.pipe(socket)
    socket.on('error', () => fromPod.destroy())
    forward.portForward(namespace, pod, [port], fromPod, null, socket).then(
      (way) => {
        if (typeof way === 'function') return
        way.on('close', () => socket.end())
        socket.on('close', () => way.close())
      },
      () => {
        refused = true
        socket.destroy()
      },
    )
  })
  server.listen(0, '127.0.0.1')
  await new Promise<void>((resolve) => server.once('listening', resolve))
  server.unref()
  return {
    port: (server.address() as AddressInfo).port,
    refused: () => refused,
    close: () => server.close(),
  }
}
