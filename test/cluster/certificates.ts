// The cluster's certificate authorities, certificates and kubeconfigs, valid for thirty days.

import { generateKeyPairSync } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../../config/image/run.ts'
import { inUrl } from './addresses.ts'
import type { Slot } from './slot.ts'

export const nodeName = 'node-a'

type Names = { ips?: readonly string[]; dns?: readonly string[] }

export const pkiOf = (state: string): string => join(state, 'pki')

/** Who gets a client certificate and a kubeconfig: the names are those that Kubernetes' own role bindings know. */
const users = {
  admin: '/O=system:masters/CN=admin',
  kubelet: `/O=system:nodes/CN=system:node:${nodeName}`,
  'kube-controller-manager': '/CN=system:kube-controller-manager',
  'kube-scheduler': '/CN=system:kube-scheduler',
  'kube-proxy': '/CN=system:kube-proxy',
} as const

/** Path of a user's kubeconfig. */
export const kubeconfigOf = (state: string, user: keyof typeof users): string =>
  join(pkiOf(state), `${user}.kubeconfig`)

/** Writes all keys, certificates and kubeconfigs below the state folder. */
export async function makeCertificates(slot: Slot): Promise<void> {
  const folder = pkiOf(slot.state)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await authority(folder, 'ca', '/CN=test cluster')
  await authority(folder, 'front-proxy-ca', '/CN=test cluster front proxy')
  const services = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ]
  await issue(folder, 'ca', 'apiserver', '/CN=kube-apiserver', {
    ips: [
      ...slot.addresses.flatMap(({ nodeIP, apiServiceIP }) => [nodeIP, apiServiceIP]),
      '127.0.0.1',
      '::1',
    ],
    dns: [...services, 'localhost'],
  })
  await issue(folder, 'ca', 'apiserver-kubelet-client', '/O=system:masters/CN=kube-apiserver-kubelet-client')
  await issue(folder, 'front-proxy-ca', 'front-proxy-client', '/CN=front-proxy-client')
  for (const [user, subject] of Object.entries(users)) {
    await issue(
      folder,
      'ca',
      user,
      subject,
      user === 'kubelet' ? { ips: slot.addresses.map(({ nodeIP }) => nodeIP), dns: [nodeName] } : {},
    )
    await writeFile(join(folder, `${user}.kubeconfig`), kubeconfig(slot, user), { mode: 0o600 })
  }
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  await writeFile(join(folder, 'service-account.key'), privateKey, { mode: 0o600 })
  await writeFile(join(folder, 'service-account.pub'), publicKey)
}

function kubeconfig(slot: Slot, user: string): string {
  const file = (name: string): string => join(pkiOf(slot.state), name)
  return JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': slot.name,
      contexts: [{ name: slot.name, context: { cluster: slot.name, user } }],
      clusters: [
        {
          name: slot.name,
          cluster: { server: `https://${inUrl(slot.nodeIP)}:6443`, 'certificate-authority': file('ca.crt') },
        },
      ],
      users: [
        {
          name: user,
          user: { 'client-certificate': file(`${user}.crt`), 'client-key': file(`${user}.key`) },
        },
      ],
    },
    undefined,
    2,
  )
}

// By openssl, whose words for extensions are those of every Kubernetes hand-book.
const ellipticKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

async function authority(folder: string, name: string, subject: string): Promise<void> {
  const out = ['-keyout', `${name}.key`, '-out', `${name}.crt`, '-days', '30']
  const extensions = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign,digitalSignature']
  await run('openssl', ['req', '-x509', ...ellipticKey, ...out, '-subj', subject, ...extensions], {
    cwd: folder,
  })
}

async function issue(
  folder: string,
  by: string,
  name: string,
  subject: string,
  names: Names = {},
): Promise<void> {
  const alternatives = [
    ...(names.dns ?? []).map((value) => `DNS:${value}`),
    ...(names.ips ?? []).map((value) => `IP:${value}`),
  ]
  const extensions = [
    'basicConstraints=critical,CA:false',
    'keyUsage=critical,digitalSignature',
    'extendedKeyUsage=serverAuth,clientAuth',
    'authorityKeyIdentifier=keyid',
    ...(alternatives.length > 0 ? [`subjectAltName=${alternatives.join(',')}`] : []),
  ]
  const asked = ['req', ...ellipticKey, '-keyout', `${name}.key`, '-subj', subject]
  const request = await run('openssl', asked, { cwd: folder })
  const signing = [
    'x509',
    '-req',
    '-CA',
    `${by}.crt`,
    '-CAkey',
    `${by}.key`,
    '-days',
    '30',
    '-out',
    `${name}.crt`,
  ]
  await writeFile(join(folder, `${name}.ext`), extensions.join('\n'))
  await run('openssl', [...signing, '-extfile', `${name}.ext`], { cwd: folder, input: request })
}
