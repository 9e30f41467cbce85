// A namespace whose Pod Security is `restricted`: its guarded pods get their packet filter of the node's network plugin, and
// the clinic goes on. Without the plugin none of them starts its app, and others do.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { cniPlugin } from '../../../core/identifiers.ts'
import { running } from '../../cluster/cluster.ts'
import { networksOf, pluginsOf } from '../../cluster/node.ts'
import { takenSlots } from '../../cluster/slot.ts'
import { until } from '../../demo/kubectl.ts'
import { verifies } from '../../verifies.ts'
import { answeredAgain } from './load.ts'
import type { Stage } from './stage.ts'

const label = 'pod-security.kubernetes.io/enforce'
const timeout = 400_000

type Status = { state?: { running?: object; terminated?: { exitCode: number } }; lastState?: Status['state'] }
type Seen = {
  metadata: { name: string; deletionTimestamp?: string }
  spec: { initContainers?: { name: string; securityContext?: object; command?: string[] }[] }
  status?: {
    phase?: string
    podIP?: string
    initContainerStatuses?: (Status & { name: string; ready?: boolean })[]
    containerStatuses?: (Status & { name: string })[]
  }
}

/** What the app's own code tries, and what it says of each, as a line of its log. */
const tries = `
const { connect } = require('node:net'); const { createSocket } = require('node:dgram')
const tcp = ([host, port]) => new Promise((done) => { const s = connect({ host, port }); s.setTimeout(4000, () => done('silence'))
  s.once('connect', () => done('connected')); s.once('error', (e) => done(e.code)) })
const udp = ([host, port]) => new Promise((done) => { const s = createSocket('udp4'); setTimeout(() => done('sent'), 1000)
  s.once('error', (e) => done(e.code)); s.send('x', port, host, (e) => { if (e) done(e.code) }) })
const told = {}
;(async () => { for (const [name, kind, ...to] of JSON.parse(process.argv[1])) told[name] = await (kind === 'udp' ? udp : tcp)(to)
  console.log('tried ' + JSON.stringify(told)); setInterval(() => {}, 1e6) })()`

const networkList = async (): Promise<string> => {
  const { state } = await running()
  return await readFile(join(networksOf(state), '10-bridge.conflist'), 'utf8')
}

export function restricted(stage: Stage): void {
  const kubectl = () => stage().kubectl
  const get = async (name: string, namespace: string) =>
    await kubectl().get<Seen>('pod', name, '-n', namespace)
  const describe = (name: string, namespace: string) => async () =>
    (await kubectl().attempt(['describe', 'pod', name, '-n', namespace])).stdout.slice(-2_500)

  const installPlugin = async (): Promise<void> => {
    const { state } = await running()
    const text = await kubectl().run(['kustomize', 'config/cni'])
    await kubectl().apply(
      text
        .replace('/opt/cni/bin', pluginsOf(state))
        .replace('/etc/cni/net.d', networksOf(state))
        .replaceAll('localhost/hipaa-mcp:dev', () => stage().images.product),
    )
    await kubectl().run(['rollout', 'status', `daemonset/${cniPlugin}`, '-n', cniPlugin, '--timeout=240s'])
  }
  const removePlugin = async (): Promise<void> => {
    await kubectl().run(['delete', 'daemonset', cniPlugin, '-n', cniPlugin, '--timeout=60s'])
    await until('the plugin is taken off the node', 60, async () =>
      (await networkList()).includes(cniPlugin) ? undefined : true,
    )
  }

  /** Tries to get out of a pod that is restricted as far as its author can be. */
  const trier = async (name: string, namespace: string, server?: string): Promise<object> => {
    const { images } = stage()
    const { state, nodeIP } = await running()
    const slot = (await takenSlots()).find((one) => one.state === state)
    const db = await kubectl().get<{ items: Seen[] }>('pods', '-n', 'clinic', '-l', 'app=ehr-db')
    const attempts = [
      ['API server', 'tcp', slot?.apiServiceIP, 443],
      ['resolver, TCP', 'tcp', slot?.dnsIP, 53],
      ['resolver, UDP', 'udp', slot?.dnsIP, 53],
      ['kubelet', 'tcp', nodeIP, 10_250],
      ['store', 'tcp', db?.items[0]?.status?.podIP ?? '', 5_432],
      ['sidecar’s health', 'tcp', '127.0.0.1', 15_021],
    ]
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace,
        labels: { app: name },
        ...(server === undefined ? {} : { annotations: { 'hipaa-mcp.dev/server': server } }),
      },
      spec: {
        terminationGracePeriodSeconds: 1,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000,
          runAsGroup: 1000,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [
          {
            name: 'ehr',
            image: images.samples,
            command: ['/usr/bin/node', '-e', tries],
            args: [JSON.stringify(attempts)],
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          },
        ],
      },
    }
  }
  const make = async (pod: object) => await kubectl().run(['create', '-f', '-'], JSON.stringify(pod))
  const remove = async (name: string, namespace: string) =>
    await kubectl().run(['delete', 'pod', name, '-n', namespace, '--ignore-not-found', '--grace-period=1'])
  const told = async (name: string, namespace: string) =>
    await until(
      `${namespace}/${name} has tried`,
      120,
      async () => {
        const { stdout } = await kubectl().attempt(['logs', name, '-c', 'ehr', '-n', namespace])
        const line = stdout.split('\n').find((one) => one.startsWith('tried '))
        return line === undefined ? undefined : (JSON.parse(line.slice(6)) as { [name: string]: string })
      },
      describe(name, namespace),
    )

  verifies(
    'injection:cni',
    'on a real node the plugin stands last in the network list, and the clinic goes on in a restricted namespace',
    async () => {
      await installPlugin()
      expect((JSON.parse(await networkList()) as { plugins: { type: string }[] }).plugins.at(-1)?.type).toBe(
        cniPlugin,
      )
      // What its author has to write by Pod Security itself.
      const container = {
        name: 'ehr',
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      }
      await kubectl().run(['label', 'namespace', 'clinic', `${label}=restricted`])
      await kubectl().run([
        'patch',
        'deployment',
        'ehr-mcp',
        '-n',
        'clinic',
        '-p',
        JSON.stringify({ spec: { template: { spec: { containers: [container] } } } }),
      ])
      await kubectl().run(['rollout', 'status', 'deployment/ehr-mcp', '-n', 'clinic', '--timeout=240s'])
      const pods = async () =>
        (
          (await kubectl().get<{ items: Seen[] }>('pods', '-n', 'clinic', '-l', 'app=ehr-mcp'))?.items ?? []
        ).filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      for (const { spec } of await pods()) {
        const guard = spec.initContainers?.find(({ name }) => name === 'hipaa-mcp-guard')
        expect(guard?.command?.at(-1)).toBe('check')
        expect(guard?.command).not.toContain('set')
        expect(JSON.stringify(guard?.securityContext)).not.toContain('NET_ADMIN')
      }
      await answeredAgain(stage)
    },
    timeout,
  )

  verifies(
    'injection:cni',
    'a restricted pod’s own code gets nowhere, and from a pod of another namespace it does',
    async () => {
      try {
        await make(await trier('tries', 'clinic', 'ehr'))
        await make(await trier('tries', 'elsewhere'))
        const [inside, outside] = [await told('tries', 'clinic'), await told('tries', 'elsewhere')]
        expect(outside).toMatchObject({ 'API server': 'connected', 'resolver, TCP': 'connected' })
        expect(Object.keys(inside)).toHaveLength(6)
        for (const [what, says] of Object.entries(inside))
          expect(says, what).toMatch(/^(ECONNREFUSED|EPERM|EACCES)$/)
      } finally {
        await remove('tries', 'clinic')
        await remove('tries', 'elsewhere')
      }
    },
    timeout,
  )

  verifies(
    'injection:cni',
    'without the plugin on the node a guarded pod never starts its app, others start, and it gets on when the plugin is there',
    async () => {
      await removePlugin()
      try {
        await make(await trier('unfiltered', 'clinic', 'ehr'))
        await make(await trier('unfiltered', 'elsewhere'))
        const failed = await until(
          'the proof fails',
          120,
          async () => {
            const seen = await get('unfiltered', 'clinic')
            const guard = seen?.status?.initContainerStatuses?.find(({ name }) => name === 'hipaa-mcp-guard')
            const ended = guard?.state?.terminated ?? guard?.lastState?.terminated
            return (ended?.exitCode ?? 0) === 0 ? undefined : seen
          },
          describe('unfiltered', 'clinic'),
        )
        expect((await told('unfiltered', 'elsewhere'))['API server']).toBe('connected')
        const app = (failed.status?.containerStatuses ?? []).map(({ state, lastState }) => [
          state?.running,
          state?.terminated,
          lastState?.terminated,
        ])
        expect(app.flat().filter((one) => one !== undefined)).toEqual([])
        const { stdout, stderr } = await kubectl().attempt([
          'logs',
          'unfiltered',
          '-c',
          'hipaa-mcp-guard',
          '-n',
          'clinic',
        ])
        expect(stdout + stderr).toContain('not proved that')
        expect(stdout + stderr).toContain('hipaa-mcp-cni')
        // Nobody sets a filter of a pod that is there: it is made anew.
        await remove('unfiltered', 'clinic')
        await installPlugin()
        await make(await trier('unfiltered', 'clinic', 'ehr'))
        expect((await told('unfiltered', 'clinic'))['API server']).toBe('ECONNREFUSED')
      } finally {
        await remove('unfiltered', 'clinic')
        await remove('unfiltered', 'elsewhere')
        await kubectl().run(['label', 'namespace', 'clinic', `${label}-`])
        // What comes after this part meets a node without it.
        await removePlugin()
      }
    },
    timeout,
  )
}
