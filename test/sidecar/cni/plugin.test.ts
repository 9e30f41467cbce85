// The plugin as it lies on a node, called as a container runtime calls it, in a real network namespace.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { rulesVersion } from '../../../core/guard-command.ts'
import { cniPlugin } from '../../../core/identifiers.ts'
import { hostFiles, hostFolder, programFiles } from '../../../sidecar/cni/on-host.ts'
import {
  installPrograms,
  launcherAnswers,
  pluginSources,
  removePrograms,
} from '../../../sidecar/cni/programs.ts'
import { PodNetwork } from '../../bypass/pod.ts'
import { authority } from '../../sample/certificates.ts'
import { verifies } from '../../verifies.ts'

let plugins: string
let api: Server
let asked: string[] = []
let answers: { [path: string]: object } = {}
let away = false
let pod: PodNetwork

const podPath = '/api/v1/namespaces/clinic/pods/ehr-0'
const guarded = (...steps: string[]) => ({
  metadata: { uid: 'u-1', labels: { 'hipaa-mcp.dev/guarded': 'ehr' } },
  spec: {
    initContainers: [
      {
        name: 'hipaa-mcp-guard',
        command: ['node', 'guard.ts', ...steps],
        env: [
          { name: 'HIPAA_MCP_UPSTREAM_PORT', value: '8080' },
          { name: 'HIPAA_MCP_RULES', value: rulesVersion },
        ],
      },
    ],
  },
})
const state = (name: string, content: object) =>
  writeFileSync(join(hostFolder(plugins), name), JSON.stringify(content), { mode: 0o600 })
const prevResult = { cniVersion: '1.0.0', ips: [{ address: '10.1.2.3/24' }] }

beforeAll(async () => {
  plugins = mkdtempSync(join(tmpdir(), 'hipaa-mcp-plugins-'))
  installPrograms(plugins)
  const ca = await authority('cluster')
  const own = await ca.issue('api', ['127.0.0.1'])
  api = createServer(own, (request, response) => {
    if (away) {
      request.socket.destroy()
      return
    }
    asked.push(`${request.headers.authorization ?? ''} ${request.url ?? ''}`)
    const body = answers[request.url ?? '']
    response.writeHead(body === undefined ? 404 : 200).end(JSON.stringify(body ?? {}))
  }).listen(0, '127.0.0.1')
  await once(api, 'listening')
  const { port } = api.address() as AddressInfo
  state(hostFiles.access, { server: `https://127.0.0.1:${port}`, ca: ca.cert, token: 'secret' })
}, 120_000)
afterAll(() => {
  api?.close()
  rmSync(plugins, { recursive: true, force: true })
})
beforeEach(() => {
  state(hostFiles.enrolled, { namespaces: ['clinic'] })
  answers = { [podPath]: guarded('check') }
  asked = []
  away = false
  pod = new PodNetwork()
})
afterEach(() => pod.remove())

/** Calls the launcher with nothing in its environment that the runtime does not set. */
async function call(
  command: string,
  namespace = 'clinic',
  uid = 'u-1',
  { cniVersion = '1.0.0', at = plugins } = {},
) {
  const child = spawn(join(at, cniPlugin), [], {
    env: {
      CNI_COMMAND: command,
      CNI_NETNS: pod.netns,
      CNI_CONTAINERID: 'c-1',
      CNI_IFNAME: 'eth0',
      CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=ehr-0;K8S_POD_UID=${uid}`,
      // Nothing of the node's gets into the program.
      NODE_OPTIONS: '--import=/nowhere.mjs',
      LD_LIBRARY_PATH: '/nowhere',
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // A launcher that answers by itself reads nothing.
  child.stdin.on('error', () => undefined)
  child.stdin.end(JSON.stringify({ cniVersion, name: 'pods', type: cniPlugin, prevResult }))
  const [out, err, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { status, err, said: (out === '' ? {} : JSON.parse(out)) as { code?: number; msg?: string } }
}

verifies(
  'injection:cni',
  'it sets the filter from outside, and the guard proves it without any right',
  async () => {
    const before = await pod.guard('check')
    const added = await call('ADD')
    const after = await pod.guard('check')

    expect(before.status).not.toBe(0)
    expect(added).toEqual({ status: 0, err: '', said: prevResult })
    expect(asked).toEqual([`Bearer secret ${podPath}`])
    expect(after.stderr).toBe('')
    expect(after.stdout).toContain('proofs hold')
    expect((await call('CHECK')).status).toBe(0)
    pod.plant('ip6tables-nft', '-R INPUT 2 -s fe80::/10 -p tcp -j ACCEPT')
    expect((await call('CHECK')).said).toMatchObject({
      code: 100,
      msg: expect.stringContaining('filter INPUT rule 2') as string,
    })
    pod.plant('ip6tables-nft', '-R INPUT 2 -s fe80::/10 -p tcp -j DROP')
    expect((await call('CHECK')).status).toBe(0)
    pod.plant('iptables-nft', '-D OUTPUT -j REJECT --reject-with icmp-port-unreachable')
    expect((await call('CHECK')).said.code).toBe(100)
  },
  60_000,
)

verifies(
  'injection:cni',
  'pods of namespaces that are not enrolled start without anybody being asked',
  async () => {
    away = true
    // What only others need is not even loaded: every pod of the node waits for it.
    const [version = ''] = readdirSync(hostFolder(plugins)).filter((name) => !name.endsWith('.json'))
    const others = join(hostFolder(plugins), version, programFiles.sources, 'sidecar/cni/enrolled-pod.mjs')
    renameSync(others, `${others}.away`)
    try {
      expect((await call('ADD', 'elsewhere')).said).toEqual(prevResult)
    } finally {
      renameSync(`${others}.away`, others)
    }
    expect((await call('STATUS')).status).toBe(0)
    expect(asked).toEqual([])
    // Nothing was set.
    expect((await pod.guard('check')).status).not.toBe(0)
  },
  60_000,
)

verifies(
  'injection:cni',
  'whether a pod is guarded and cannot be known, it does not start',
  async () => {
    away = true
    const silent = await call('ADD')
    expect(silent.status).toBe(1)
    expect(silent.said.code).toBe(11)
    expect(silent.said.msg).toContain('clinic/ehr-0')

    // Without the list nobody is known not to be enrolled.
    rmSync(join(hostFolder(plugins), hostFiles.enrolled))
    expect((await call('ADD', 'elsewhere')).said.code).toBe(11)
    expect((await call('STATUS')).said.code).toBe(50)

    away = false
    expect((await call('ADD')).status).toBe(0)
    expect((await call('ADD', 'clinic', 'u-2')).said.code).toBe(11)
  },
  60_000,
)

verifies(
  'injection:cni',
  'what a file of the node holds is in no word of the plugin: it becomes an Event',
  async () => {
    const access = join(hostFolder(plugins), hostFiles.access)
    const before = readFileSync(access)
    try {
      writeFileSync(access, 'eyJsecret')
      const { said } = await call('ADD')
      expect(said.msg).toContain('access.json of the node is no JSON')
      expect(said.msg).not.toContain('eyJ')
    } finally {
      writeFileSync(access, before)
    }
  },
  60_000,
)

verifies(
  'injection:cni',
  'a guard that sets the filter itself, a store and a bystander are let alone',
  async () => {
    for (const one of [guarded('set', 'check'), { metadata: { uid: 'u-1', labels: {} }, spec: {} }]) {
      answers = { [podPath]: one }
      expect((await call('ADD')).said).toEqual(prevResult)
    }
    expect((await pod.guard('check')).status).not.toBe(0)
  },
  60_000,
)

verifies(
  'injection:cni',
  'pods end whatever became of the plugin: its version, its programs, or all of it',
  async () => {
    const at = mkdtempSync(join(tmpdir(), 'hipaa-mcp-plugins-'))
    try {
      const ends = async (cniVersion: string) =>
        await Promise.all(
          ['DEL', 'GC'].map(async (command) => await call(command, 'clinic', 'u-1', { cniVersion, at })),
        )
      const done = { status: 0, err: '', said: {} }
      installPrograms(at)
      expect(await ends('1.2.0')).toEqual([done, done])
      rmSync(hostFolder(at), { recursive: true })
      expect(await ends('1.0.0')).toEqual([done, done])
      expect((await call('ADD', 'clinic', 'u-1', { at })).status).not.toBe(0)

      removePrograms(at)
      expect(await ends('1.0.0')).toEqual([done, done])
      expect((await call('CHECK', 'clinic', 'u-1', { at })).status).toBe(0)
      expect((await call('VERSION', 'clinic', 'u-1', { at })).said).toEqual(
        (await call('VERSION', 'clinic', 'u-1', { cniVersion: '1.1.0' })).said,
      )
      expect(await call('ADD', 'clinic', 'u-1', { at })).toMatchObject({ status: 1, said: { code: 11 } })
    } finally {
      rmSync(at, { recursive: true, force: true })
    }
  },
  120_000,
)

verifies(
  'injection:cni',
  'what a loss of power left of the programs is put anew',
  () => {
    const at = mkdtempSync(join(tmpdir(), 'hipaa-mcp-plugins-'))
    try {
      const version = installPrograms(at)
      const file = (name: string) => join(hostFolder(at), version, name)
      for (const spoil of [
        () => truncateSync(file(programFiles.node)),
        () => chmodSync(file(programFiles.filter), 0o444),
        () => writeFileSync(file(programFiles.plugin), 'process.exit(0)'),
      ]) {
        spoil()
        installPrograms(at)
        expect(launcherAnswers(at)).toBe(true)
        expect(statSync(file(programFiles.filter)).mode & 0o777).toBe(0o555)
        expect(statSync(file(programFiles.plugin)).size).toBeGreaterThan(1_000)
        expect(readdirSync(hostFolder(at))).toEqual([version])
      }
      truncateSync(file(programFiles.node))
      expect(launcherAnswers(at)).toBe(false)
    } finally {
      rmSync(at, { recursive: true, force: true })
    }
  },
  120_000,
)

test('the programs are the same for the same version, and go but for what ends pods', () => {
  const again = mkdtempSync(join(tmpdir(), 'hipaa-mcp-plugins-'))
  try {
    writeFileSync(join(again, 'bridge'), '')
    const version = installPrograms(again)
    expect(existsSync(join(plugins, `${cniPlugin}.d`, version, programFiles.plugin))).toBe(true)
    mkdirSync(join(hostFolder(again), 'an-older-one'))
    const { ino } = statSync(join(hostFolder(again), version))
    expect(installPrograms(again)).toBe(version)
    expect(statSync(join(hostFolder(again), version)).ino).toBe(ino)
    expect(readdirSync(hostFolder(again))).toEqual([version])
    expect(statSync(hostFolder(again)).mode & 0o777).toBe(0o700)
    removePrograms(again)
    expect(readdirSync(again)).toEqual(['bridge', cniPlugin])
  } finally {
    rmSync(again, { recursive: true, force: true })
  }
}, 120_000)

test('what the plugin imports is what is copied', async () => {
  const { readFile } = await import('node:fs/promises')
  const root = join(import.meta.dirname, '..', '..', '..')
  const seen = new Set<string>()
  const visit = async (file: string): Promise<void> => {
    if (seen.has(file)) return
    seen.add(file)
    const source = await readFile(join(root, file), 'utf8')
    for (const [, path = ''] of source.matchAll(/^import (?:[^'";]|\n)*?from '(\.[^']+)'/gm))
      await visit(join(file, '..', path))
    for (const [, path = ''] of source.matchAll(/ import\('(\.[^']+)'\)/g))
      await visit(join(file, '..', path))
  }
  await visit('sidecar/cni/plugin.ts')
  expect([...seen].toSorted()).toEqual([...pluginSources].toSorted())
})
