// What a guard is told, out of its variables. The container reads its own; the network plugin reads them in the pod.

import type { GuardConfig } from './rules.ts'

type Variables = { readonly [name: string]: string | undefined }

/** Throws, naming the variable and where admission takes it from. */
export function guardConfigOf(env: Variables): GuardConfig {
  const discovery = env['HIPAA_MCP_DISCOVERY_PORT']
  return {
    upstreamPort: portIn(env, 'UPSTREAM_PORT', 'spec.workload.port'),
    ...(discovery === undefined
      ? {}
      : { discoveryPort: portIn(env, 'DISCOVERY_PORT', 'spec.tls.discovery.port') }),
    loopback: loopbackIn(env),
  }
}

function loopbackIn({ HIPAA_MCP_LOOPBACK: text = '' }: Variables): number[] {
  if (!/^(?:[1-9][0-9]{0,4}(?:,[1-9][0-9]{0,4})*)?$/.test(text))
    throw new Error('HIPAA_MCP_LOOPBACK is no list of ports: admission sets it to spec.workload.loopback')
  return text === '' ? [] : text.split(',').map(Number)
}

function portIn(env: Variables, name: string, from: string): number {
  const text = env[`HIPAA_MCP_${name}`] ?? ''
  if (!/^[1-9][0-9]{0,4}$/.test(text)) {
    throw new Error(`HIPAA_MCP_${name} is not a port: admission sets it to ${from}`)
  }
  return Number(text)
}
