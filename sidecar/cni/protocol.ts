// What a container runtime and a network plugin say to each other (CNI specification 1.1.0): variables and a document in,
// a document out. Pure.

import { isObject } from '../../core/is-object.ts'

/** Versions of the specification whose chained plugins speak as this one does. */
export const supportedVersions = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const

/** Not DEL and GC: the launcher answers those (launcher.ts). */
const commands = ['ADD', 'CHECK', 'STATUS', 'VERSION'] as const
export type Command = (typeof commands)[number]

/** A pod as the runtime names it. `uid` is missing where the runtime does not tell it. */
export type PodName = { namespace: string; name: string; uid?: string }

export type Invocation = {
  command: Command
  cniVersion: string
  /** Path of the pod's network namespace; missing for STATUS and VERSION. */
  netns?: string
  /** What the plugins before this one made; its own words go out again unchanged. */
  prevResult?: unknown
  /** Missing: no pod of Kubernetes. */
  pod?: PodName
}

/** What goes wrong, as the specification numbers it: up to 99 its own, from 100 on a plugin's. */
export const codes = {
  incompatibleVersion: 1,
  invalidVariables: 4,
  notDecodable: 6,
  invalidConfiguration: 7,
  tryAgain: 11,
  notAvailable: 50,
  /** The packet filter of the pod could not be set, or is not what was set. */
  filter: 100,
  /** The pod is guarded, and what its guard says is not understood: plugin and operator are of different versions. */
  pod: 101,
} as const

/** A plugin that fails says which of `codes`, and in one sentence why and what to do. */
export class CniError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** Reads how a plugin was called. Throws CniError for what no runtime says. */
export function invocationOf(
  env: { readonly [name: string]: string | undefined },
  stdin: string,
): Invocation {
  const command = commands.find((one) => one === env['CNI_COMMAND'])
  if (command === undefined)
    throw new CniError(
      codes.invalidVariables,
      `CNI_COMMAND is none of ${commands.join(', ')}: a container runtime calls this program`,
    )
  const config = documentIn(stdin)
  const { cniVersion, prevResult } = config
  if (typeof cniVersion !== 'string')
    throw new CniError(codes.invalidConfiguration, 'the network configuration names no cniVersion')
  if (command !== 'VERSION' && !supportedVersions.some((one) => one === cniVersion))
    throw new CniError(
      codes.incompatibleVersion,
      `cniVersion ${cniVersion} is none of ${supportedVersions.join(', ')}`,
    )
  const netns = env['CNI_NETNS']
  if ((command === 'ADD' || command === 'CHECK') && (netns === undefined || netns === ''))
    throw new CniError(codes.invalidVariables, 'CNI_NETNS names no network namespace')
  if ((command === 'ADD' || command === 'CHECK') && prevResult === undefined)
    throw new CniError(
      codes.invalidConfiguration,
      'there is no prevResult: this plugin stands behind another one in a list, and makes no network itself',
    )
  const pod = podIn(env['CNI_ARGS'] ?? '')
  return {
    command,
    cniVersion,
    ...(netns === undefined || netns === '' ? {} : { netns }),
    ...(prevResult === undefined ? {} : { prevResult }),
    ...(pod === undefined ? {} : { pod }),
  }
}

function documentIn(stdin: string): { [member: string]: unknown } {
  try {
    const value: unknown = JSON.parse(stdin)
    if (isObject(value)) return value
  } catch {
    // Said below.
  }
  throw new CniError(codes.notDecodable, 'standard input holds no network configuration')
}

/** `K8S_POD_NAMESPACE=clinic;K8S_POD_NAME=ehr-0;…`. */
function podIn(args: string): PodName | undefined {
  const values = new Map(
    args.split(';').map((pair): [string, string] => {
      const [key = '', ...value] = pair.split('=')
      return [key, value.join('=')]
    }),
  )
  const [namespace, name, uid] = ['NAMESPACE', 'NAME', 'UID'].map((part) => values.get(`K8S_POD_${part}`))
  if (namespace === undefined || namespace === '' || name === undefined || name === '') return undefined
  return { namespace, name, ...(uid === undefined || uid === '' ? {} : { uid }) }
}

/** What a plugin that fails prints. */
export const errorText = (cniVersion: string, { code, message }: CniError): string =>
  JSON.stringify({ cniVersion, code, msg: `hipaa-mcp: ${message}` })

export const versionText = (cniVersion: string): string => JSON.stringify({ cniVersion, supportedVersions })

/** Of an error of ours or of the system. Nothing here lets one of JSON.parse through: it quotes what it read. */
export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
