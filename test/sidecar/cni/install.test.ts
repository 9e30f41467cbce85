// The installer on folders of this machine, with an API server that is a script.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import { cniPlugin } from '../../../core/identifiers.ts'
import { hostFiles, hostFolder } from '../../../sidecar/cni/on-host.ts'
import { authority } from '../../sample/certificates.ts'
import { freePort } from '../../support/free-port.ts'
import { verifies } from '../../verifies.ts'

const root = join(import.meta.dirname, '..', '..', '..')
let place: string
let api: Server
let installer: ChildProcess
let health: number
let namespaces: string[]
let daemonSet: object | undefined
const watching = new Set<ServerResponse>()

const at = (...path: string[]) => join(place, ...path)
const listPath = () => at('networks', '10-pods.conflist')
const list = (...types: string[]) =>
  JSON.stringify({ cniVersion: '1.0.0', name: 'pods', plugins: types.map((type) => ({ type })) })
const types = () =>
  (JSON.parse(readFileSync(listPath(), 'utf8')) as { plugins: { type: string }[] }).plugins.map(
    ({ type }) => type,
  )
const written = (name: string): unknown =>
  JSON.parse(readFileSync(join(hostFolder(at('plugins')), name), 'utf8'))
const eventually = (what: () => unknown) => expect.poll(what, { timeout: 60_000, interval: 50 })
const asked = async (path: string) => await fetch(`http://127.0.0.1:${health}${path}`)
const ready = async () =>
  await asked('/readyz').then(
    ({ status }) => status,
    () => 0,
  )

const program = join(root, 'sidecar/cni/install.ts')
const variables = () => ({
  ...process.env,
  KUBERNETES_SERVICE_HOST: '127.0.0.1',
  KUBERNETES_SERVICE_PORT: String((api.address() as AddressInfo).port),
  HIPAA_MCP_CNI_PLUGINS: at('plugins'),
  HIPAA_MCP_CNI_NETWORKS: at('networks'),
  HIPAA_MCP_CNI_ACCOUNT: at('account'),
  HIPAA_MCP_CNI_HEALTH: String(health),
})

beforeEach(async () => {
  place = mkdtempSync(join(tmpdir(), 'hipaa-mcp-node-'))
  for (const name of ['plugins', 'networks', 'account']) mkdirSync(at(name))
  writeFileSync(listPath(), list('bridge', 'portmap'), { mode: 0o600 })
  const ca = await authority('cluster')
  api = createServer(await ca.issue('api', ['127.0.0.1']), (request, response) => {
    const url = request.url ?? ''
    if (url.includes('watch=1')) {
      watching.add(response)
      response.flushHeaders()
    } else if (url.startsWith('/api/v1/namespaces?'))
      response.end(
        JSON.stringify({
          metadata: { resourceVersion: '7' },
          items: namespaces.map((name) => ({ metadata: { name } })),
        }),
      )
    else if (daemonSet === undefined) response.writeHead(404).end()
    else response.end(JSON.stringify(daemonSet))
  }).listen(0, '127.0.0.1')
  await once(api, 'listening')
  namespaces = ['lab', 'clinic']
  daemonSet = { metadata: {} }
  for (const [name, text] of Object.entries({ 'ca.crt': ca.cert, token: 'one\n', namespace: cniPlugin }))
    writeFileSync(at('account', name), text)
  health = await freePort()
  installer = spawn(process.execPath, [program], {
    env: variables(),
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await eventually(ready).toBe(200)
}, 120_000)
afterEach(async () => {
  installer.kill('SIGKILL')
  for (const response of watching) response.destroy()
  watching.clear()
  api.close()
  rmSync(place, { recursive: true, force: true })
})

const ended = async (): Promise<void> => {
  const gone = once(installer, 'exit')
  installer.kill('SIGTERM')
  await gone
}

verifies(
  'injection:cni',
  'the plugin is kept on its node, and the list and its token are kept fresh',
  async () => {
    expect(types()).toEqual(['bridge', 'portmap', cniPlugin])
    expect(statSync(listPath()).mode & 0o777).toBe(0o600)
    expect(statSync(join(hostFolder(at('plugins')), hostFiles.access)).mode & 0o777).toBe(0o600)
    expect(written(hostFiles.enrolled)).toEqual({ namespaces: ['clinic', 'lab'] })
    expect(written(hostFiles.access)).toMatchObject({ token: 'one' })

    // Another namespace is enrolled, and the token was renewed.
    await eventually(() => watching.size).toBe(1)
    namespaces = ['clinic']
    for (const response of watching) response.write('{"type":"MODIFIED"}\n')
    writeFileSync(at('account', 'token'), 'two\n')
    await eventually(() => written(hostFiles.enrolled)).toEqual({ namespaces: ['clinic'] })
    await eventually(() => written(hostFiles.access)).toMatchObject({ token: 'two' })

    // Somebody rewrites the network list, and it is half written for a moment.
    writeFileSync(listPath(), '{')
    await eventually(ready).toBe(503)
    writeFileSync(listPath(), list('bridge'))
    await eventually(types).toEqual(['bridge', cniPlugin])
    // It counts when the file stands.
    await eventually(async () => await (await asked('/metrics')).text()).toContain(
      'hipaa_mcp_cni_restored_total 1',
    )

    // A list of a version that the plugin does not speak, with the plugin in it: it would stop every pod.
    writeFileSync(
      listPath(),
      list('bridge', cniPlugin).replace('"cniVersion":"1.0.0"', '"cniVersion":"1.2.0"'),
    )
    await eventually(types).toEqual(['bridge'])
    await eventually(ready).toBe(503)
    expect(await (await asked('/readyz')).text()).toContain('cniVersion 1.2.0')
    writeFileSync(listPath(), list('bridge'))
    await eventually(ready).toBe(200)

    rmSync(listPath())
    await eventually(ready).toBe(503)
  },
  180_000,
)

verifies(
  'injection:cni',
  'it stays on its node while its DaemonSet is replaced',
  async () => {
    await ended()
    expect(types()).toContain(cniPlugin)
    expect(existsSync(at('plugins', cniPlugin))).toBe(true)
  },
  180_000,
)

verifies(
  'injection:cni',
  'it leaves the list and takes its programs off the node when its DaemonSet is deleted',
  async () => {
    daemonSet = undefined
    await ended()
    expect(types()).toEqual(['bridge', 'portmap'])
    // Its own pods end by that.
    expect(readdirSync(at('plugins'))).toEqual([cniPlugin])
  },
  180_000,
)

verifies(
  'injection:cni',
  'where its programs do not run it leaves the list: other pods start',
  async () => {
    await ended()
    expect(types()).toContain(cniPlugin)
    // A folder of a node from which nothing is executed.
    const { status, stdout } = spawnSync(
      'unshare',
      [
        '-m',
        'sh',
        '-c',
        'mount -t tmpfs -o noexec none "$0" && exec "$@"',
        at('plugins'),
        process.execPath,
        program,
      ],
      { env: variables(), encoding: 'utf8', timeout: 120_000 },
    )
    expect(stdout).toContain('the programs of the plugin do not run')
    expect(status).toBe(1)
    expect(types()).toEqual(['bridge', 'portmap'])
  },
  180_000,
)
