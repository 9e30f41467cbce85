// The demo on a cluster of somebody's own: a second node that has none of our images and none of our storage classes,
// and a real registry that it pulls from. What the demo put there must go again, and nothing else.

import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Cluster, up } from '../cluster/cluster.ts'
import { components } from '../cluster/components.ts'
import type { Registry } from '../cluster/registry.ts'
import { type Kubectl, kubectl } from '../demo/kubectl.ts'

const checkout = join(import.meta.dirname, '..', '..')
const log = (line: string): void => console.log(`    ${line}`)
const storageClass = 'clinic-disk'

let cluster: Cluster
let registry: Registry
let client: Kubectl
/** A file of the CAs that the demo's programs trust besides the public ones. */
let trusted: string

beforeAll(async () => {
  cluster = await up({ name: `given-${process.pid}`, images: 'node', log })
  registry = await cluster.registry(log)
  const theirs = process.env['NODE_EXTRA_CA_CERTS']
  trusted = join(await mkdtemp(join(tmpdir(), 'hipaa-mcp-ca-')), 'ca.pem')
  // What this machine trusts besides, npm's registry may need.
  const files = [registry.ca, ...(theirs ? [theirs] : [])]
  await writeFile(
    trusted,
    (await Promise.all(files.map(async (path) => await readFile(path, 'utf8')))).join('\n'),
  )
  client = kubectl((await components(log)).path('kubectl'), cluster.kubeconfig)
  const ours = await client.get<{ metadata: object }>('storageclass', 'encrypted')
  await client.apply(JSON.stringify({ ...ours, metadata: { name: storageClass } }))
  await client.run(['delete', 'storageclass', 'encrypted', 'plain'])
}, 900_000)

afterAll(async () => {
  await cluster.down()
  await rm(dirname(trusted), { recursive: true, force: true })
}, 120_000)

type Ran = { code: number; text: string }

/** `make TARGET` as a person types it, in an environment without our node's name. */
async function make(target: string, differs: Record<string, string> = {}): Promise<Ran> {
  const settings = {
    CLUSTER: 'current',
    PUSH: `${registry.host}/team/hipaa-mcp`,
    STORAGE_CLASS: storageClass,
  }
  const { HIPAA_MCP_CLUSTER: _, ...env } = process.env
  return await new Promise((resolve, reject) => {
    const child = spawn(
      'make',
      [target, ...Object.entries({ ...settings, ...differs }).map(([name, value]) => `${name}=${value}`)],
      {
        cwd: checkout,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...env, KUBECONFIG: cluster.kubeconfig, NODE_EXTRA_CA_CERTS: trusted, ...differs },
      },
    )
    const said: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => said.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk))
    child.once('error', reject)
    child.once('close', (code) =>
      resolve({ code: code ?? 1, text: Buffer.concat(said).toString().replaceAll(/\s+/g, ' ') }),
    )
  })
}

// What a cluster makes and forgets by itself.
const passing = /^(events|events\.events\.k8s\.io|leases\.coordination\.k8s\.io)$/

/** Every object of every kind, as `kind namespace/name`. */
async function everything(): Promise<string[]> {
  const kinds = (await client.run(['api-resources', '--verbs=list,delete', '-o', 'name'])).trim().split('\n')
  const found: string[] = []
  for (const kind of kinds.filter((name) => !passing.test(name))) {
    const listed = await client.get<{ items: { metadata: { namespace?: string; name: string } }[] }>(
      kind,
      '-A',
    )
    for (const { metadata } of listed?.items ?? [])
      found.push(`${kind} ${metadata.namespace ?? ''}/${metadata.name}`)
  }
  return found.toSorted()
}

const pinned = async (): Promise<string> =>
  await readFile(join(checkout, 'config', 'default', 'kustomization.yaml'), 'utf8')

describe('the demo on a cluster of one’s own', () => {
  test.each([
    ['no such class', { STORAGE_CLASS: 'encrypted' }, /no StorageClass encrypted: name .* clinic-disk/],
    ['no registry named', { PUSH: '' }, /needs PUSH=registry\/name/],
    [
      'a registry that does not run',
      { PUSH: '127.0.0.1:9/p' },
      /127\.0\.0\.1:9 is not reached \(ECONNREFUSED\)/,
    ],
    ['a registry of an unknown CA', { NODE_EXTRA_CA_CERTS: '' }, /export NODE_EXTRA_CA_CERTS=FILE/],
    ['no cluster', { KUBECONFIG: '/dev/null' }, /needs a current context: export KUBECONFIG/],
  ])('%s: says what to do, and touches nothing', async (_, differs: Record<string, string>, says) => {
    const before = await everything()

    const { code, text } = await make('demo', differs)

    expect(text).toMatch(says)
    expect(code).not.toBe(0)
    expect(await everything()).toEqual(before)
  })

  test('nodes that do not trust the registry: says so within a minute, and demo-down cleans up', async () => {
    const trust = join(cluster.state, 'registries', registry.host)
    const before = await everything()
    await rename(trust, `${trust}-away`)
    const began = performance.now()

    const { code, text } = await make('demo')

    await rename(`${trust}-away`, trust)
    expect(text).toMatch(/(ErrImagePull|ImagePullBackOff).* The nodes must reach and trust the registry/)
    expect(code).not.toBe(0)
    log(`said so after ${((performance.now() - began) / 1_000).toFixed(0)} s`)
    expect((await make('demo-down')).code).toBe(0)
    expect(await everything()).toEqual(before)
  })

  test('shows all it claims with images from the registry alone, and leaves nothing behind', async () => {
    const [before, config] = [await everything(), await pinned()]

    const { code, text } = await make('demo')

    log(/\d+ of \d+ claims seen, in \S+/.exec(text)?.[0] ?? text.slice(-2_000))
    expect(text).not.toContain('✘')
    expect(text).toMatch(/(\d+) of \1 claims seen/)
    expect(code).toBe(0)
    const images = await client.run([
      'get',
      'pods',
      '-A',
      '-o',
      'jsonpath={..spec.containers[*].image} {..spec.initContainers[*].image}',
    ])
    const foreign = images.split(/\s+/).filter((image) => !image.startsWith(`${registry.host}/`))
    // CoreDNS stands there with the node.
    expect([...new Set(foreign)].filter((image) => !/coredns/.test(image))).toEqual([])
    expect(await pinned()).toBe(config)

    expect((await make('demo-down')).code).toBe(0)

    expect(await everything()).toEqual(before)
  }, 900_000)
}, 600_000)
