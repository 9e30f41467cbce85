// The Kubernetes components, built from Go modules once and kept in the user's cache folder.

import { copyFile, mkdir, readdir, readFile, rename, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { cached, cacheFolder, exists, hashOf } from '../../config/image/cache.ts'
import { type Log, progress } from '../../config/image/progress.ts'
import { run } from '../../config/image/run.ts'

const kubernetesVersion = 'v1.36.3'
export const coreDnsVersion = '1.14.7'

const source = join(import.meta.dirname, 'components')
const names = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'kube-router',
  'cert-manager',
  'kubectl',
  'fscrypt-folder',
] as const

type ComponentName = (typeof names)[number]

export type Components = {
  /** Holds one link a component; may be put into PATH. */
  folder: string
  path: (name: ComponentName) => string
  coredns: string
  pause: string
  /** cert-manager's CustomResourceDefinitions, as its module ships them. */
  certManagerCrds: string
}

/** The built components; building takes some minutes the first time and nothing later. Needs Go 1.26. */
export async function components(log: Log): Promise<Components> {
  const folder = join(cacheFolder, 'components', await sourceHash())
  if (!(await exists(folder))) {
    const first = !(await exists(join(cacheFolder, 'components')))
    const doing = `building Kubernetes ${kubernetesVersion} components${first ? ' (first time, 6-8 min)' : ''}`
    await progress(doing, log, async () => await cached(folder, build))
  }
  return {
    folder,
    path: (name) => join(folder, name),
    coredns: join(folder, 'coredns'),
    pause: join(folder, 'pause'),
    certManagerCrds: join(folder, 'cert-manager-crds'),
  }
}

async function sourceHash(): Promise<string> {
  const files = (await readdir(source, { recursive: true }))
    .filter((file) => /\.(go|mod|sum)$/.test(file))
    .toSorted()
  const parts = await Promise.all(
    files.map(async (file) => [file, await readFile(join(source, file))] as const),
  )
  return hashOf([kubernetesVersion, process.arch, ...names, ...parts.flat()]).slice(0, 16)
}

async function build(draft: string): Promise<void> {
  const go = await goCommand()
  await mkdir(join(draft, 'cert-manager-crds'), { recursive: true })
  const [, minor = ''] = kubernetesVersion.split('.')
  const version = 'k8s.io/component-base/version.git'
  const stamp = `-s -w -X ${version}Version=${kubernetesVersion} -X ${version}Major=1 -X ${version}Minor=${minor} -X ${version}TreeState=clean`
  const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' }
  const args = [
    'build',
    '-trimpath',
    '-buildvcs=false',
    '-ldflags',
    stamp,
    '-o',
    `${draft}/`,
    '.',
    './coredns',
    './pause',
  ]
  await run(go, args, { cwd: source, env })
  await rename(join(draft, 'testcluster'), join(draft, 'components'))
  for (const name of names) await symlink('components', join(draft, name))
  const list = ['list', '-m', '-f', '{{.Dir}}', 'github.com/cert-manager/cert-manager']
  const module = (await run(go, list, { cwd: source, env })).trim()
  const crds = join(module, 'deploy', 'crds')
  for (const file of await readdir(crds)) {
    if (file.endsWith('.yaml')) await copyFile(join(crds, file), join(draft, 'cert-manager-crds', file))
  }
}

/** Go 1.26 or later, where it usually is. */
export async function goCommand(): Promise<string> {
  for (const go of ['go', '/usr/local/go/bin/go', '/usr/lib/go/bin/go']) {
    const version = await run(go, ['env', 'GOVERSION'], { cwd: '/' }).catch(() => '')
    const [, minor] = /^go1\.(\d+)/.exec(version) ?? []
    if (Number(minor) >= 26) return go
  }
  throw new Error(
    'Go 1.26 or later is needed to build the test node: install it from https://go.dev/dl and put it in PATH',
  )
}
