// How much later a guarded pod is ready than the same pod without the product, on the same node, and where the time goes:
// `node test/bench/pod-start.ts`, in turns. It starts a node and the product like the ways around it (test/bypass/scene.ts), and
// ends what it started. Where it goes is read from containerd's log.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openApi } from '../bypass/api.ts'
import { buildScene, clearScene, enrolled, open } from '../bypass/scene.ts'
import { down, running } from '../cluster/cluster.ts'
import { type Moments, momentsOf } from './containerd-log.ts'

const pods = 10
/** Milliseconds between two looks: how exact it is. */
const every = 25
const patienceMs = 60_000
/**
 * Before each pod, milliseconds at most and by chance: the kubelet looks once a second at which containers have ended. A pod made
 * when the one before got ready would meet that look always at the same moment of its start.
 */
const longestPause = 1_000

/**
 * The app has no probe: the kubelet asks by one once a second too, on a clock that began with the pod, and a pod whose app
 * answers a moment after such a question is ready a second later, guarded or not.
 */
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
      },
    ],
  },
})

type Seen = { status?: { conditions?: { type: string; status: string }[] } }
/** Both in milliseconds since 1970. */
type Start = { name: string; asked: number; ready: number }

/** What follows what: each piece ends at its moment, and the one after it begins there. */
const pieces: readonly [piece: string, ends: (moments: Moments) => number | undefined][] = [
  ['admission, the scheduler, volumes, the pod’s network', ({ sandbox }) => sandbox],
  ['the guard’s container is made', ({ of }) => of('hipaa-mcp-guard').started],
  ['the guard runs', ({ of }) => of('hipaa-mcp-guard').ended],
  ['the kubelet notices that it has ended', ({ of }) => of('hipaa-mcp').asked],
  ['the sidecar’s container is made', ({ of }) => of('hipaa-mcp').started],
  [
    'the sidecar gets ready, and the kubelet goes on',
    ({ of }) => (of('hipaa-mcp').started === undefined ? undefined : of('ehr').asked),
  ],
  ['the app’s container is made', ({ of }) => of('ehr').started],
]

const sorted = (times: readonly number[]) => times.toSorted((a, b) => a - b)
const median = (times: readonly number[]) => sorted(times)[times.length >> 1] ?? Number.NaN

const say = (name: string, times: number[]) =>
  console.log(`${name}: median ${median(times).toFixed(0)} ms, slowest ${Math.max(...times).toFixed(0)} ms`)

const scene = await buildScene([])
const api = await openApi(scene.kubeconfig)
try {
  const started: { [namespace: string]: Start[] } = { [open]: [], [enrolled]: [] }
  for (let turn = 0; turn < pods; turn += 1)
    for (const namespace of [open, enrolled]) {
      await pause(Math.random() * longestPause)
      started[namespace]?.push(await start(namespace, `start-${process.pid}-${turn}`))
    }
  const log = await readFile(join((await running()).state, 'log', 'containerd'), 'utf8')
  for (const [what, namespace] of [
    ['bare', open],
    ['guarded', enrolled],
  ] as const) {
    const all = started[namespace] ?? []
    say(
      what,
      all.map(({ asked, ready }) => ready - asked),
    )
    for (const [piece, took] of spent(log, namespace, all)) console.log(`  ${piece}: ${took.toFixed(0)} ms`)
  }
  console.log(`${pods} pods each; medians`)
} finally {
  await api.close()
  await clearScene(scene.kubectl, false)
  if (scene.started) await down()
}

/** Medians of the pieces that these pods have, milliseconds. */
function spent(log: string, namespace: string, starts: readonly Start[]): [piece: string, took: number][] {
  const took = new Map<string, number[]>()
  for (const { name, asked, ready } of starts) {
    const moments = momentsOf(log, namespace, name)
    let before = asked
    for (const [piece, ends] of [...pieces, ['the app is ready', () => ready] as const]) {
      const at = ends(moments)
      if (at === undefined) continue
      took.set(piece, [...(took.get(piece) ?? []), at - before])
      before = at
    }
  }
  return [...took].map(([piece, times]) => [piece, median(times)])
}

/** Makes the pod and waits until it is Ready; it is deleted then. */
async function start(namespace: string, name: string): Promise<Start> {
  const path = `/api/v1/namespaces/${namespace}/pods`
  const asked = Date.now()
  const made = await api.ask({ method: 'POST', path, body: podOf(namespace, name) })
  if (made.status >= 300) throw new Error(made.text)
  for (;;) {
    const { text } = await api.ask({ method: 'GET', path: `${path}/${name}` })
    const ready = Date.now()
    const { status } = JSON.parse(text) as Seen
    if (status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true) {
      await api.ask({ method: 'DELETE', path: `${path}/${name}` })
      return { name, asked, ready }
    }
    if (ready - asked > patienceMs)
      throw new Error(`${namespace}/${name} is not ready: ${text.slice(0, 2_000)}`)
    await pause(every)
  }
}
