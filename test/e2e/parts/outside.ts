// A server that people outside of the cluster reach: a load balancer in front of it, a name of the outside, a discovery
// port, certificates that it enrols itself. This process stands outside: it comes by the node's address and no pod's.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { rolledOut } from '../../demo/rollout.ts'
import { type Clinic, ready } from '../../demo/scene.ts'
import { aMachine, type Machine } from '../../support/machine.ts'
import type { Stage } from './stage.ts'
import { deploymentOf, serverOf } from './stdio-ehr.ts'

export const name = 'ehr-outside'
export const host = 'ehr.clinic.example.org'
export const url = `https://${host}/mcp`
export const discovery = `https://${host}:8444`
export const issuer = 'https://login.identity.svc:8443'

type Spec = HipaaMcpServer['spec']

export type Outside = Machine & {
  /** This machine's address as the node sees it. */
  address: string
  /** Addresses of the load balancer and of the identity provider, by name. */
  hosts: { readonly [name: string]: string }
  /** PEM of whom this machine trusts. */
  ca: string
  /** Another policy, as a merge patch of `spec`; in force some time later. */
  patch: (spec: object) => Promise<void>
}

/** Builds it; takes about half a minute, most of it the pod's start. */
export async function buildOutside(stage: Stage): Promise<Outside> {
  const { kubectl, images, clinicCa, trusted } = stage()
  await kubectl.run(['annotate', 'namespace', 'clinic', `hipaa-mcp.dev/dns-names=${host}`, '--overwrite'])
  const node = await nodeAddress(stage())
  const address = await addressTowards(node)
  const server = await serverOf(stage, name, ['get_diagnosis', 'read_notes'], (ehr) => spec(ehr, address))
  await kubectl.apply(
    [server, deploymentOf(name, images.samples), service].map((one) => JSON.stringify(one)).join('\n---\n'),
  )
  // A cloud's controller would write the address of its load balancer: the node's own stands for one.
  const status = JSON.stringify({ status: { loadBalancer: { ingress: [{ ip: node }] } } })
  await kubectl.run([
    ...`patch service ${name} -n clinic --subresource=status --type=merge -p`.split(' '),
    status,
  ])
  await rolledOut(kubectl, 'clinic', `deployment/${name}`, 180)
  await ready(stage(), 60, { namespace: 'clinic', name })
  const login = await kubectl.get<{ spec: { clusterIP: string } }>('service', 'login', '-n', 'identity')
  const hosts = { [host]: node, 'login.identity.svc': login?.spec.clusterIP ?? '' }
  const machine = aMachine({
    url,
    discovery: '8444',
    ca: { server: trusted, provider: clinicCa.cert },
    hosts,
  })
  return {
    ...machine,
    address,
    hosts,
    ca: trusted,
    patch: async (changed) => {
      const patch = ['patch', 'hipaamcpserver', name, '-n', 'clinic', '--type=merge', '-p']
      await kubectl.run([...patch, JSON.stringify({ spec: changed })])
    },
  }
}

function spec({ tls, identity }: Spec, caller: string): Partial<Spec> {
  const { clientCa: _, ...own } = tls ?? {}
  const issuers = identity.issuers.map((one) => ({
    ...one,
    audience: url,
    // What the provider calls a login by two factors: clients ask for it by this name.
    mfa: { acr: ['mfa'] },
  }))
  return {
    tls: { ...own, dnsNames: [host], discovery: { port: 8444 } },
    identity: { ...identity, issuers, binding: 'Certificate' },
    network: { ingress: [{ cidr: `${caller}/32` }] },
  }
}

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'clinic' },
  spec: {
    type: 'LoadBalancer',
    // Callers keep their address: the policy admits them by it, and records name it.
    externalTrafficPolicy: 'Local',
    selector: { app: name },
    ports: [
      { name: 'calls', port: 443, targetPort: 8080 },
      { name: 'discovery', port: 8444 },
    ],
  },
}

async function nodeAddress({ kubectl }: Clinic): Promise<string> {
  type Node = { status: { addresses: { type: string; address: string }[] } }
  const nodes = await kubectl.get<{ items: Node[] }>('nodes')
  const found = nodes?.items[0]?.status.addresses.find(({ type }) => type === 'InternalIP')?.address
  if (found === undefined) throw new Error('The node has no address')
  return found
}

/** The source of packets to this address. */
async function addressTowards(target: string): Promise<string> {
  const socket = createSocket('udp4')
  socket.connect(9, target)
  await once(socket, 'connect')
  const { address } = socket.address()
  socket.close()
  return address
}
