// The node: containerd with runc and the bridge network, kubelet, kube-proxy, and kube-router for NetworkPolicy.

import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../../config/image/run.ts'
import { type Api, until } from './api.ts'
import { kubeconfigOf, nodeName, pkiOf } from './certificates.ts'
import { makeCgroups } from './cgroups.ts'
import type { Components } from './components.ts'
import { lastWords, startDaemon } from './processes.ts'
import type { Slot } from './slot.ts'

export const pauseImage = 'localhost/pause:1'

/** Where containerd looks for how to reach a registry: a folder each, named by its host. */
export const registriesOf = (state: string): string => join(state, 'registries')

/** Where containerd listens. */
export const socketOf = (state: string): string => join(state, 'containerd.sock')

/** Where containerd looks for network plugins and for the list of them: the node's own, so that one may put something there. */
export const pluginsOf = (state: string): string => join(state, 'cni-plugins')
export const networksOf = (state: string): string => join(state, 'cni')
const machinePlugins = '/usr/lib/cni'

// Folders that containerd, runc, the network plugins and the kubelet use wherever they are told to work. In the
// node's own set of mounts each is a folder of its state, so that two nodes do not share them and none outlives its node.
const fixedFolders = ['/run/containerd', '/run/runc', '/var/lib/cni', '/var/lib/kubelet']

/** Starts containerd in a set of mounts of its own, which the kubelet then shares. Gives containerd's process id. */
export async function startContainerd(slot: Slot): Promise<number> {
  const { state } = slot
  const mounts: string[] = []
  for (const folder of fixedFolders) {
    const own = join(state, 'fixed', folder)
    await mkdir(own, { recursive: true })
    mounts.push(`mkdir -p ${folder} && mount --bind '${own}' ${folder}`)
  }
  await mkdir(networksOf(state), { recursive: true })
  await mkdir(pluginsOf(state), { recursive: true })
  for (const name of await readdir(machinePlugins))
    await symlink(join(machinePlugins, name), join(pluginsOf(state), name))
  await writeFile(join(state, 'containerd.toml'), containerdConfig(state))
  await writeFile(join(networksOf(state), '10-bridge.conflist'), JSON.stringify(podNetwork(slot)))
  const script = `${mounts.join(' && ')} && exec containerd -c '${join(state, 'containerd.toml')}'`
  const pid = await startDaemon(slot, { name: 'containerd', command: ['sh', '-c', script], mounts: 'own' })
  await until(
    'containerd answers',
    30,
    async () => (await containerd(state, ['version'])) !== '',
    async () => await lastWords(state, 'containerd'),
  )
  return pid
}

async function containerd(state: string, args: readonly string[]): Promise<string> {
  return await run('ctr', ['-a', socketOf(state), ...args])
}

/** Starts kubelet, kube-proxy and kube-router, and waits until the node is Ready. */
export async function startNode(
  slot: Slot,
  built: Components,
  api: Api,
  containerdPid: number,
): Promise<void> {
  const { state } = slot
  await makeCgroups(slot.link)
  await writeFile(join(state, 'kubelet.yaml'), JSON.stringify(kubeletConfig(slot), undefined, 2))
  await startDaemon(slot, {
    name: 'kubelet',
    mounts: containerdPid,
    command: [
      built.path('kubelet'),
      `--config=${join(state, 'kubelet.yaml')}`,
      `--kubeconfig=${kubeconfigOf(state, 'kubelet')}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${slot.addresses.map(({ nodeIP }) => nodeIP).join(',')}`,
      `--root-dir=${join(state, 'kubelet')}`,
      `--cert-dir=${join(state, 'kubelet', 'pki')}`,
    ],
  })
  await startDaemon(slot, {
    name: 'kube-proxy',
    command: [
      built.path('kube-proxy'),
      `--kubeconfig=${kubeconfigOf(state, 'kube-proxy')}`,
      '--proxy-mode=iptables',
      '--iptables-min-sync-period=100ms',
      // Also when it tries again: kube-router writes into the same tables, and one of the two may find a rule gone.
      '--iptables-sync-period=5s',
      `--cluster-cidr=${slot.addresses.map(({ podRange }) => podRange).join(',')}`,
      `--hostname-override=${nodeName}`,
      // The machine's connection table is not ours to resize.
      '--conntrack-max-per-core=0',
      '--conntrack-tcp-timeout-established=0',
      '--conntrack-tcp-timeout-close-wait=0',
    ],
  })
  const nodePath = `/api/v1/nodes/${nodeName}`
  const why = async (): Promise<string> => await lastWords(state, 'kubelet')
  await until('the kubelet registers the node', 60, async () => Boolean(await api.call('GET', nodePath)), why)
  await startDaemon(slot, {
    name: 'kube-router',
    env: { NODE_NAME: nodeName },
    command: [
      built.path('kube-router'),
      `--kubeconfig=${kubeconfigOf(state, 'admin')}`,
      `--hostname-override=${nodeName}`,
      '--run-firewall=true',
      '--run-router=false',
      '--run-service-proxy=false',
      `--service-cluster-ip-range=${slot.addresses.map(({ serviceRange }) => serviceRange).join(',')}`,
      ...(['IPv4', 'IPv6'] as const).map(
        (family) =>
          `--enable-${family.toLowerCase()}=${slot.addresses.some((each) => each.family === family)}`,
      ),
    ],
  })
  await until(
    'the node is Ready',
    60,
    async () => readyCondition(await api.call<WithConditions>('GET', nodePath)),
    why,
  )
}

export type WithConditions = { status?: { conditions?: { type: string; status: string }[] } }

/** Whether an object's own Ready condition is true. */
export function readyCondition(object: WithConditions): boolean {
  return (
    object.status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ??
    false
  )
}

const containerdPlugin = (name: string): string => `plugins."io.containerd.${name}"`

function containerdConfig(state: string): string {
  return `version = 2
root = "${state}/containerd/root"
state = "${state}/containerd/state"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
oom_score = 0
[grpc]
  address = "${socketOf(state)}"
[${containerdPlugin('internal.v1.opt')}]
  path = "${state}/containerd/opt"
[${containerdPlugin('grpc.v1.cri')}]
  sandbox_image = "${pauseImage}"
  netns_mounts_under_state_dir = true
  # Without CAP_SYS_RESOURCE no process may lower its score.
  restrict_oom_score_adj = true
  disable_apparmor = true
  [${containerdPlugin('grpc.v1.cri')}.registry]
    config_path = "${registriesOf(state)}"
  [${containerdPlugin('grpc.v1.cri')}.cni]
    bin_dir = "${pluginsOf(state)}"
    conf_dir = "${networksOf(state)}"
`
}

function podNetwork(slot: Slot): object {
  const bridge = {
    type: 'bridge',
    bridge: 'cni0',
    isGateway: true,
    hairpinMode: true,
    ipam: {
      type: 'host-local',
      ranges: slot.addresses.map(({ nodePods }) => [{ subnet: nodePods }]),
      routes: slot.addresses.map(({ family }) => ({ dst: family === 'IPv4' ? '0.0.0.0/0' : '::/0' })),
      dataDir: join(slot.state, 'ipam'),
    },
  }
  const ports = { type: 'portmap', capabilities: { portMappings: true } }
  return { cniVersion: '1.0.0', name: 'pods', plugins: [bridge, ports] }
}

function kubeletConfig(slot: Slot): object {
  const { state } = slot
  const pki = (file: string): string => join(pkiOf(state), file)
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      x509: { clientCAFile: pki('ca.crt') },
      anonymous: { enabled: false },
      webhook: { enabled: true },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: pki('kubelet.crt'),
    tlsPrivateKeyFile: pki('kubelet.key'),
    containerRuntimeEndpoint: `unix://${socketOf(state)}`,
    address: slot.nodeIP,
    clusterDNS: [slot.dnsIP],
    clusterDomain: 'cluster.local',
    resolvConf: '',
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${slot.link}`,
    failCgroupV1: false,
    failSwapOn: false,
    oomScoreAdj: 0,
    makeIPTablesUtilChains: false,
    // Else it looks for the device under its folder, which in a container has no name it could know.
    localStorageCapacityIsolation: false,
    // The machine's disk is not the node's: never evict for it, and never remove an image, for none can be pulled again.
    evictionHard: {
      'memory.available': '0%',
      'nodefs.available': '0%',
      'imagefs.available': '0%',
      'nodefs.inodesFree': '0%',
    },
    imageGCHighThresholdPercent: 100,
    // Changed ConfigMaps and Secrets reach running pods this soon, not after a minute.
    syncFrequency: '10s',
    podLogsDir: join(state, 'pod-logs'),
  }
}
