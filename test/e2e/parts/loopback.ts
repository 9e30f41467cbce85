// A server with a cache beside it in the pod: they reach each other by localhost on the port that is declared, and nobody
// else reaches the cache, nor does it reach anybody. The server's own metrics leave by the sidecar, as far as it says.

import { expect } from 'vitest'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { running } from '../../cluster/cluster.ts'
import { takenSlots } from '../../cluster/slot.ts'
import { until } from '../../demo/kubectl.ts'
import { monitoring } from '../../demo/scene.ts'
import { verifies } from '../../verifies.ts'
import type { Stage } from './stage.ts'
import { serverOf } from './stdio-ehr.ts'

const name = 'ehr-cached'
const stranger = 'stranger-of-cached'
const timeout = 400_000

/** The first process of a container takes no signal that it did not ask for, and its pod would take a minute to end. */
const ends = `
process.on('SIGTERM', () => process.exit())`

/** Answers on a port that is declared and on one that is not. */
const cache = `
const { createServer } = require('node:net')
for (const port of [6379, 6380]) createServer((socket) => socket.end('cached')).on('error', console.error).listen(port, '::')`

/** Tries to connect to each and says what came of it, as a line of the log. */
const tries = `
const { connect } = require('node:net')
const dial = (host, port) => new Promise((done) => { let got = ''; const s = connect({ host, port }); s.setTimeout(4000, () => done('silence'))
  s.on('data', (chunk) => (got += chunk)); s.on('end', () => done(got)); s.on('error', (e) => done(e.code)) })
;(async () => { const told = {}
  for (let i = 0; i < 60 && (await dial('127.0.0.1', 6379)) === 'ECONNREFUSED' && process.argv[2] === 'wait'; i++) await new Promise((r) => setTimeout(r, 500))
  for (const [what, host, port] of JSON.parse(process.argv[1])) told[what] = await dial(host, port)
  console.log('tried ' + JSON.stringify(told)); setInterval(() => {}, 1e6) })()`

/** Metrics of the server, as many write them: with a path that names a patient. */
const metrics = `
require('node:http').createServer((_, response) => response.end([
  '# HELP ehr_requests_total Requests of Mary Smith', '# TYPE ehr_requests_total counter',
  'ehr_requests_total{method="GET",path="/patients/778812"} 3', 'ehr_requests_total{method="GET",path="/patients/4711"} 4',
  '# TYPE ehr_last gauge', 'ehr_last{name="Mary Smith"} 778812', ''].join('\\n'))).listen(9100)`

/** Answers with what it got of an address by HTTP, and says `unreachable` where there was no answer. */
const asks = `
fetch(process.argv[1], { signal: AbortSignal.timeout(4000) }).then(async (a) => console.log(JSON.stringify([a.status, await a.text()])),
  () => console.log('["unreachable"]'))`

type Attempts = readonly (readonly [what: string, host: string, port: number])[]
type Pod = { status?: { podIP?: string; phase?: string } }

const container = (
  image: string,
  called: string,
  user: number,
  code: string,
  args: readonly string[] = [],
) => ({
  name: called,
  image,
  command: ['/usr/bin/node', '-e', ends + code],
  args,
  securityContext: { runAsUser: user, runAsGroup: user },
})

export function loopback(stage: Stage): void {
  const kubectl = () => stage().kubectl
  const described = (pod: string, namespace: string) => async () =>
    (await kubectl().attempt(['describe', 'pod', pod, '-n', namespace])).stdout.slice(-2_500)
  const told = async (pod: string, of: string, namespace = 'clinic') =>
    await until(
      `${of} of ${pod} has tried`,
      180,
      async () => {
        const { stdout } = await kubectl().attempt(['logs', pod, '-c', of, '-n', namespace])
        const line = stdout.split('\n').find((one) => one.startsWith('tried '))
        return line === undefined ? undefined : (JSON.parse(line.slice(6)) as { [what: string]: string })
      },
      described(pod, namespace),
    )
  const address = async (): Promise<string> =>
    (await kubectl().get<Pod>('pod', name, '-n', 'clinic'))?.status?.podIP ?? ''

  verifies(
    'transit:loopback',
    'on a real node a server reaches the cache beside it on the declared port alone, and the cache reaches nobody',
    async () => {
      const { images } = stage()
      const { state, nodeIP } = await running()
      const slot = (await takenSlots()).find((one) => one.state === state)
      const away: Attempts = [
        ['API server', slot?.apiServiceIP ?? '', 443],
        ['resolver', slot?.dnsIP ?? '', 53],
        ['kubelet', nodeIP, 10_250],
      ]
      const forApp: Attempts = [
        ['127.0.0.1', '127.0.0.1', 6379],
        ['::1', '::1', 6379],
        ['localhost', 'localhost', 6379],
        ['another port', '127.0.0.1', 6380],
        ['another port by IPv6', '::1', 6380],
        ['another address', '127.0.0.2', 6379],
        ...away,
      ]
      const forCache: Attempts = [
        ['the server', '127.0.0.1', 8080],
        ['the sidecar', '127.0.0.1', 15_080],
        ...away,
      ]
      const declared = await serverOf(
        stage,
        name,
        ['get_diagnosis'],
        (): Partial<HipaaMcpServer['spec']> => ({
          workload: {
            port: 8080,
            path: '/mcp',
            container: 'ehr',
            loopback: [6379],
            metrics: {
              port: 9100,
              names: ['ehr_requests_total'],
              labels: [{ name: 'method', values: ['GET'] }],
            },
          },
        }),
      )
      await kubectl().apply(JSON.stringify(declared))
      await kubectl().run(
        ['create', '-f', '-'],
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: {
            name,
            namespace: 'clinic',
            labels: { app: name },
            annotations: { 'hipaa-mcp.dev/server': name },
          },
          spec: {
            terminationGracePeriodSeconds: 1,
            containers: [
              container(images.samples, 'ehr', 1000, metrics + tries, [JSON.stringify(forApp), 'wait']),
              container(images.samples, 'cache', 999, cache),
              container(images.samples, 'cache-out', 998, tries, [JSON.stringify(forCache)]),
            ],
          },
        }),
      )

      expect(await told(name, 'ehr')).toEqual({
        '127.0.0.1': 'cached',
        '::1': 'cached',
        localhost: 'cached',
        'another port': 'ECONNREFUSED',
        'another port by IPv6': 'ECONNREFUSED',
        'another address': 'ECONNREFUSED',
        'API server': 'ECONNREFUSED',
        resolver: 'ECONNREFUSED',
        kubelet: 'ECONNREFUSED',
      })
      expect(new Set(Object.values(await told(name, 'cache-out')))).toEqual(new Set(['ECONNREFUSED']))
    },
    timeout,
  )

  verifies(
    'transit:loopback',
    'on a real node no pod reaches the cache, and no port is forwarded to it',
    async () => {
      const { images } = stage()
      const podIP = await address()
      await kubectl().run(
        ['create', '-f', '-'],
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: stranger, namespace: 'default' },
          spec: {
            terminationGracePeriodSeconds: 1,
            containers: [
              container(images.samples, 'ehr', 1000, tries, [JSON.stringify([['cache', podIP, 6379]])]),
            ],
          },
        }),
      )

      const { cache: seen } = await told(stranger, 'ehr', 'default')
      expect(['silence', 'ECONNREFUSED', 'EHOSTUNREACH']).toContain(seen)
      const { code, stderr } = await kubectl().attempt([
        'port-forward',
        '-n',
        'clinic',
        `pod/${name}`,
        '0:6379',
      ])
      expect(code).not.toBe(0)
      expect(stderr).toContain('hipaa-mcp')

      await kubectl().run(['delete', 'pod', stranger, '-n', 'default', '--wait=false'])
    },
    timeout,
  )

  verifies(
    'transmission:app-metrics',
    'on a real node a monitoring namespace gets the declared metrics of the sidecar, and none of the server',
    async () => {
      const podIP = await address()
      const inside = ['exec', '-n', monitoring, 'deploy/prometheus', '-c', 'targets', '--']
      const asked = async (url: string): Promise<unknown> =>
        JSON.parse(await kubectl().run([...inside, '/usr/bin/node', '-e', asks, url]))

      expect(await asked(`http://${podIP}:15021/app-metrics`)).toEqual([
        200,
        '# TYPE ehr_requests_total counter\nehr_requests_total{method="GET"} 7\n',
      ])
      expect(await asked(`http://${podIP}:9100/metrics`)).toEqual(['unreachable'])

      await kubectl().run(['delete', 'pod', name, '-n', 'clinic', '--wait=false'])
      await kubectl().run(['delete', 'hipaamcpserver', name, '-n', 'clinic'])
    },
    timeout,
  )
}
