// Environment -> typed configuration. Refuses to start on anything missing or unknown: a misspelt setting must not pass
// for a default.

import { isIP } from 'node:net'
import { ports, services, systemNamespace } from '../core/identifiers.ts'
import { BadSettings } from '../core/log.ts'
import type { NetworkAsk } from '../core/network.ts'

export type Config = {
  /** This pod. */
  pod: { name: string; uid: string }
  /** Image of the containers that admission puts into pods, with its digest. */
  image: string
  /** Base URL of the collector. */
  collector: string
  /** Validity of certificates that the own CA signs, seconds. */
  certificateSeconds: number
  healthPort: number
  /** What becomes of a pod's trail volume when a recovery Job has shipped what was on it. */
  recoveredVolumes: 'Delete' | 'Retain'
  /** How often it is tried whether the network enforces NetworkPolicies, and against which address outside. */
  network: NetworkAsk
}

type Read = (text: string, name: string) => unknown
type Setting = { member: string; read: Read; fallback?: unknown }

const text: Read = (value) => value
const url: Read = (value, name) => {
  if (!URL.canParse(value) || new URL(value).protocol !== 'https:')
    throw new Error(`${name} must be an https URL`)
  return value.replace(/\/$/, '')
}
const number =
  (least: number, most: number): Read =>
  (value, name) => {
    const count = Number(value)
    if (!Number.isInteger(count) || count < least || count > most)
      throw new Error(`${name} must be a whole number from ${least} to ${most}`)
    return count
  }
/** An address that is not the cluster's, or `Off`. Written as a number: a canary has no DNS to ask. */
const outside: Read = (value, name) => {
  if (value === 'Off') return undefined
  const [, host = '', port = ''] = /^\[?([0-9a-fA-F.:]+?)\]?:(\d{1,5})$/.exec(value) ?? []
  if (isIP(host) === 0 || Number(port) < 1 || Number(port) > 65_535)
    throw new Error(`${name} must be an IP address and a port, such as 1.1.1.1:80, or Off`)
  return value
}

const policy: Read = (value, name) => {
  if (value !== 'Delete' && value !== 'Retain') throw new Error(`${name} must be Delete or Retain`)
  return value
}

const settings: { readonly [variable: string]: Setting } = {
  HIPAA_MCP_POD_NAME: { member: 'podName', read: text },
  HIPAA_MCP_POD_UID: { member: 'podUid', read: text },
  HIPAA_MCP_IMAGE: { member: 'image', read: text },
  HIPAA_MCP_COLLECTOR: {
    member: 'collector',
    read: url,
    fallback: `https://${services.collector}.${systemNamespace}.svc:${ports.collector}`,
  },
  HIPAA_MCP_CERTIFICATE_SECONDS: {
    member: 'certificateSeconds',
    read: number(60, 31 * 86_400),
    fallback: 86_400,
  },
  HIPAA_MCP_RECOVERED_VOLUMES: { member: 'recoveredVolumes', read: policy, fallback: 'Delete' },
  HIPAA_MCP_NETWORK_SECONDS: { member: 'networkSeconds', read: number(5, 86_400), fallback: 900 },
  HIPAA_MCP_NETWORK_OUTSIDE: { member: 'networkOutside', read: outside, fallback: '1.1.1.1:80' },
  HIPAA_MCP_HEALTH_PORT: { member: 'healthPort', read: number(1, 65_535), fallback: ports.ownHealth },
}

/** Throws one error that names every fault at once. */
export function configFrom(environment: { readonly [name: string]: string | undefined }): Config {
  const faults: string[] = []
  for (const name of Object.keys(environment))
    if (name.startsWith('HIPAA_MCP_') && !Object.hasOwn(settings, name)) faults.push(`${name} is unknown`)
  const values: Record<string, unknown> = {}
  for (const [name, { member, read, fallback }] of Object.entries(settings)) {
    const value = environment[name]
    if (value === undefined || value === '') {
      if (fallback === undefined) faults.push(`${name} is missing`)
      values[member] = fallback
      continue
    }
    try {
      values[member] = read(value, name)
    } catch (error) {
      faults.push((error as Error).message)
    }
  }
  if (faults.length > 0)
    throw new BadSettings(`The operator's environment: ${faults.join('; ')}. See config/operator/.`)
  return {
    pod: { name: values['podName'] as string, uid: values['podUid'] as string },
    image: values['image'] as string,
    collector: values['collector'] as string,
    certificateSeconds: values['certificateSeconds'] as number,
    healthPort: values['healthPort'] as number,
    recoveredVolumes: values['recoveredVolumes'] as 'Delete' | 'Retain',
    network: {
      seconds: values['networkSeconds'] as number,
      ...(values['networkOutside'] === undefined ? {} : { outside: values['networkOutside'] as string }),
    },
  }
}
