// The first policy of a server that runs in a cluster: what its workload says, over a port-forward.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { seenIn } from '../../cli/init/deployment.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { aCluster, type Cluster } from './a-cluster.ts'
import { type Running, sampleEhr } from './init-servers.ts'

const ran = async (...args: string[]) => await hipaaMcp(['init', ...args])

const spec = (containers: object[]) => ({
  spec: { selector: { matchLabels: { app: 'ehr-mcp' } }, template: { spec: { containers } } },
})
const served = {
  name: 'ehr',
  ports: [
    { name: 'metrics', containerPort: 9100 },
    { name: 'http', containerPort: 8080 },
  ],
}
const pods = {
  items: [
    { metadata: { name: 'ehr-mcp-b' }, status: { conditions: [{ type: 'Ready', status: 'False' }] } },
    { metadata: { name: 'ehr-mcp-a' }, status: { conditions: [{ type: 'Ready', status: 'True' }] } },
  ],
}

let sample: Running
let cluster: Cluster
beforeAll(async () => {
  sample = await sampleEhr()
  cluster = await aCluster(
    {
      '/apis/apps/v1/namespaces/clinic/deployments/ehr-mcp': spec([{ name: 'proxy' }, served]),
      '/apis/apps/v1/namespaces/clinic/deployments/cached': spec([
        served,
        { name: 'cache', ports: [{ containerPort: 6379 }] },
        {
          name: 'model',
          ports: [{ containerPort: 11_434 }, { containerPort: 6379 }, { containerPort: 53, protocol: 'UDP' }],
        },
      ]),
      '/apis/apps/v1/namespaces/clinic/deployments/quiet': spec([
        { name: 'tool', command: ['node', 'server.js'] },
      ]),
      '/api/v1/namespaces/clinic/pods': pods,
      '/api/v1/namespaces/clinic/pods/guarded': { spec: { containers: [served] } },
    },
    Number(new URL(sample.url).port),
  )
})
afterAll(async () => {
  cluster.end()
  await sample.end()
})

const from = (...args: string[]) => ran('--kubeconfig', cluster.kubeconfig, '-n', 'clinic', '--from', ...args)

test('a deployment is read through a ready pod of it, and its manifest says port and container', async () => {
  const { code, out, notes } = await from('deployment/ehr-mcp')

  expect(code, notes).toBe(0)
  expect(cluster.forwarded).toContain('/api/v1/namespaces/clinic/pods/ehr-mcp-a/portforward?ports=8080')
  const { metadata, spec: read } = parse(out) as {
    metadata: object
    spec: { workload: object; tools: { name: string }[] }
  }
  expect(metadata).toEqual({ name: 'ehr', namespace: 'clinic' })
  expect(read.workload).toEqual({ port: 8080, path: '/mcp', transport: 'StreamableHttp', container: 'ehr' })
  expect(read.tools.map(({ name }) => name)).toContain('get_diagnosis')
  expect(out).toContain('port: 8080 # from containerPort of ehr')
  expect(sample.asked.filter((method) => /call|read|get/.test(method))).toEqual([])
})

test('ports of other containers are proposed for localhost, for a person to keep or not', async () => {
  const { code, out, notes } = await from('deployment/cached')

  expect(code, notes).toBe(0)
  const { spec: read } = parse(out) as { spec: { workload: object } }
  expect(read.workload).toMatchObject({ port: 8080, loopback: [6379, 11_434], container: 'ehr' })
  expect(out.replaceAll(/[\s#]+/g, ' ')).toContain('keep those that the server reaches by localhost')
})

test('a workload that opens no port is read by its command, and init says how', async () => {
  const { code, notes } = await from('deployment/quiet')

  expect(code).toBe(3)
  expect(notes).toContain(
    "hipaa-mcp init --command 'kubectl exec -i -n clinic deployment/quiet -c tool -- node server.js' -n clinic",
  )
})

test('a workload that is not there is said to be missing', async () => {
  expect(await from('deployment/none')).toMatchObject({
    code: 3,
    out: '',
    notes: 'There is no deployment clinic/none',
  })
})

test('a pod into which no port is forwarded is told from a server that does not answer', async () => {
  const { code, out, notes } = await from('pod/guarded')

  expect({ code, out }).toEqual({ code: 3, out: '' })
  expect(notes).toContain('The cluster forwards no port to pod clinic/guarded')
  expect(notes).toContain('before it is guarded')
})

test.each([
  {
    when: 'a port named mcp',
    containers: [served, { name: 'x', ports: [{ name: 'mcp', containerPort: 3000 }] }],
    port: 3000,
    container: 'x',
  },
  { when: 'metrics and http', containers: [served], port: 8080, container: 'ehr' },
  {
    when: 'a variable',
    containers: [{ name: 'x', env: [{ name: 'PORT', value: '7000' }] }],
    port: 7000,
    container: 'x',
  },
  { when: 'nothing', containers: [{ name: 'x' }], port: undefined, container: 'x' },
])('the port of a pod is told by $when', ({ containers, port, container }) => {
  const seen = seenIn({ containers }, undefined)

  expect({ port: seen.port, container: seen.container }).toEqual({ port, container })
})
