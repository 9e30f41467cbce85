// How much later a guarded pod is ready than the same pod without the product, on the same node: `node test/bench/pod-start.ts`, in
// turns. It starts a node and the product like the ways around it (test/bypass/scene.ts), and ends what it started.

import { setTimeout as pause } from 'node:timers/promises'
import { openApi } from '../bypass/api.ts'
import { buildScene, clearScene, enrolled, open } from '../bypass/scene.ts'
import { down } from '../cluster/cluster.ts'

const pods = 10
/** Milliseconds between two looks: how exact it is. */
const every = 25
const patienceMs = 60_000

const podOf = (namespace: string, name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace, name, annotations: { 'hipaa-mcp.dev/server': 'ehr' } },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'ehr',
        image: 'localhost/hipaa-mcp-samples:dev',
        command: ['/usr/bin/node'],
        args: ['-e', "require('node:http').createServer((_, r) => r.end()).listen(8080)"],
        securityContext: { runAsUser: 1000 },
        readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
      },
    ],
  },
})

type Seen = { status?: { conditions?: { type: string; status: string }[] } }

const say = (name: string, times: number[]) =>
  console.log(
    `${name}: median ${(times[times.length >> 1] ?? 0).toFixed(0)} ms, slowest ${(times.at(-1) ?? 0).toFixed(0)} ms`,
  )

const scene = await buildScene([])
const api = await openApi(scene.kubeconfig)
try {
  const took: { [namespace: string]: number[] } = { [open]: [], [enrolled]: [] }
  for (let turn = 0; turn < pods; turn += 1)
    for (const namespace of [open, enrolled])
      took[namespace]?.push(await readyAfter(namespace, `start-${turn}`))
  const of = (namespace: string) => (took[namespace] ?? []).toSorted((a, b) => a - b)
  say('bare', of(open))
  say('guarded', of(enrolled))
  console.log(`${pods} pods each`)
} finally {
  await api.close()
  await clearScene(scene.kubectl, false)
  if (scene.started) await down()
}

/** Milliseconds from the request until the pod is Ready; the pod is deleted then. */
async function readyAfter(namespace: string, name: string): Promise<number> {
  const path = `/api/v1/namespaces/${namespace}/pods`
  const began = performance.now()
  const made = await api.ask({ method: 'POST', path, body: podOf(namespace, name) })
  if (made.status >= 300) throw new Error(made.text)
  for (;;) {
    const { text } = await api.ask({ method: 'GET', path: `${path}/${name}` })
    const took = performance.now() - began
    const { status } = JSON.parse(text) as Seen
    if (status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true) {
      await api.ask({ method: 'DELETE', path: `${path}/${name}` })
      return took
    }
    if (took > patienceMs) throw new Error(`${namespace}/${name} is not ready: ${text.slice(0, 2_000)}`)
    await pause(every)
  }
}
