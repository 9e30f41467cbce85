// The node's two kinds of storage, each a file system of its own in a file behind a loop device, so that a test can read
// the raw device: `encrypted` (ext4 with a kernel encryption policy on every volume) and `plain`.

import { randomBytes } from 'node:crypto'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../../config/image/run.ts'
import type { Api } from './api.ts'
import { kubeconfigOf, nodeName } from './certificates.ts'
import type { Components } from './components.ts'
import { startDaemon } from './processes.ts'
import type { Slot } from './slot.ts'

export type StorageKind = 'encrypted' | 'plain'

/** What the provisioner is told; it reads this from the file that its argument names. */
export type ProvisionerOptions = {
  kubeconfig: string
  nodeName: string
  fscrypt: string
  classes: { name: StorageKind; provisioner: string; folder: string; key?: string }[]
}

/** The provisioner names of the two classes, as their PVs bear them too. */
const provisioners: Record<StorageKind, string> = {
  encrypted: 'fscrypt.hipaa-mcp.dev/test',
  plain: 'plain.hipaa-mcp.dev/test',
}

/** The PV's annotation that holds the encryption policy as the kernel reported it after the volume was made. */
export const policyAnnotation = 'fscrypt.hipaa-mcp.dev/policy'

const parameters: Record<StorageKind, Record<string, string>> = {
  encrypted: { encrypted: 'true', encryption: 'fscrypt' },
  plain: {},
}

const kinds: readonly StorageKind[] = ['encrypted', 'plain']
const size = 2 * 2 ** 30

const deviceFile = (state: string, kind: StorageKind): string => join(state, 'storage', `${kind}.img`)
const mountPoint = (state: string, kind: StorageKind): string => join(state, 'storage', kind)

/** Makes and mounts both file systems, applies the storage classes and starts the provisioner. */
export async function startStorage(
  slot: Slot,
  built: Components,
  api: Api,
  containerdPid: number,
): Promise<void> {
  const { state } = slot
  const inNode = async (command: readonly string[], input?: Uint8Array): Promise<string> =>
    await run(
      'nsenter',
      [`--mount=/proc/${containerdPid}/ns/mnt`, '--wd=/', ...command],
      input === undefined ? {} : { input },
    )
  const classes: ProvisionerOptions['classes'] = []
  for (const name of kinds) {
    const [device, folder] = [deviceFile(state, name), mountPoint(state, name)]
    await mkdir(folder, { recursive: true })
    const file = await open(device, 'w')
    await file.truncate(size)
    await file.close()
    await run('mkfs.ext4', ['-q', '-m', '0', ...(name === 'encrypted' ? ['-O', 'encrypt'] : []), device])
    // The loop device is let go by the kernel when the last of the node's processes ends, and the mount with it.
    await inNode(['mount', '-o', 'loop', device, folder])
    const options = { name, provisioner: provisioners[name], folder }
    if (name === 'plain') {
      classes.push(options)
      continue
    }
    // Made here, handed to the kernel by a pipe and forgotten: it stands in no file.
    const key = await inNode([built.path('fscrypt-folder'), 'add-key', folder], randomBytes(64))
    classes.push({ ...options, key: key.trim() })
  }
  for (const name of kinds) {
    await api.apply(`/apis/storage.k8s.io/v1/storageclasses/${name}`, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      provisioner: provisioners[name],
      parameters: parameters[name],
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'WaitForFirstConsumer',
    })
  }
  const kubeconfig = kubeconfigOf(state, 'admin')
  const options: ProvisionerOptions = { kubeconfig, nodeName, fscrypt: built.path('fscrypt-folder'), classes }
  const file = join(state, 'storage', 'provisioner.json')
  await writeFile(file, JSON.stringify(options))
  await startDaemon(slot, {
    name: 'provisioner',
    mounts: containerdPid,
    command: [process.execPath, join(import.meta.dirname, 'provisioner.ts'), file],
  })
}

/** Writes all that the kernel still holds back to a kind's raw device. */
export async function flushDevice(state: string, containerdPid: number, kind: StorageKind): Promise<void> {
  const mounts = `--mount=/proc/${containerdPid}/ns/mnt`
  await run('nsenter', [mounts, '--wd=/', 'sync', '-f', mountPoint(state, kind)])
}

/** Which of the texts stand anywhere on a kind's raw device. Flush it first. */
export async function foundOnDevice(
  state: string,
  kind: StorageKind,
  texts: readonly string[],
): Promise<string[]> {
  const sought = texts.map((text) => ({ text, bytes: Buffer.from(text) }))
  const overlap = Math.max(...sought.map(({ bytes }) => bytes.length)) - 1
  const found = new Set<string>()
  const file = await open(deviceFile(state, kind))
  try {
    const chunk = Buffer.alloc(8 << 20)
    const zeros = Buffer.alloc(chunk.length)
    let kept = 0
    for (;;) {
      const { bytesRead } = await file.read(chunk, kept, chunk.length - kept)
      if (bytesRead === 0) return [...found]
      const end = kept + bytesRead
      const seen = chunk.subarray(0, end)
      // Most of the device was never written, and comparing is much quicker than searching.
      const empty = seen.equals(zeros.subarray(0, end))
      for (const { text, bytes } of sought) if (!empty && seen.includes(bytes)) found.add(text)
      // The end of one chunk stays before the next, so that no border hides a match.
      kept = Math.min(overlap, end)
      chunk.copyWithin(0, end - kept, end)
    }
  } finally {
    await file.close()
  }
}
