// The plugin's place in a network configuration list: last, behind whatever makes the pod's network. Pure.

import { cniPlugin } from '../../core/identifiers.ts'
import { isObject } from '../../core/is-object.ts'
import { BadSettings } from '../../core/log.ts'
import { supportedVersions } from './protocol.ts'

/**
 * The file that a runtime takes: the first by name, as libcni sorts them. Undefined where there is none yet; the network's
 * own installer brings it.
 */
export function chosenFile(names: readonly string[]): string | undefined {
  return names.filter((name) => /\.(conf|conflist|json)$/.test(name)).toSorted()[0]
}

/**
 * The text with the plugin last, or undefined where it stands there already. Throws where the text is no list: a single
 * plugin's file (`.conf`) has no place for a second one. Throws also for a version of the specification that the plugin
 * does not speak: it would refuse every pod of the node.
 */
export function withPlugin(text: string): string | undefined {
  const list = listIn(text)
  const strange = versionsOf(list).filter((version) => !supportedVersions.some((one) => one === version))
  if (strange.length > 0)
    throw new BadSettings(
      `is of cniVersion ${strange.join(', ')}, and the plugin speaks ${supportedVersions.join(', ')}: it stays out of this list`,
    )
  const others = list.plugins.filter(({ type }) => type !== cniPlugin)
  const last = list.plugins.at(-1)
  if (last?.['type'] === cniPlugin && others.length === list.plugins.length - 1) return undefined
  return write({ ...list, plugins: [...others, { type: cniPlugin }] })
}

/** The text without the plugin, or undefined where it does not stand there. */
export function withoutPlugin(text: string): string | undefined {
  const list = listIn(text)
  const others = list.plugins.filter(({ type }) => type !== cniPlugin)
  return others.length === list.plugins.length ? undefined : write({ ...list, plugins: others })
}

/** All that a runtime may choose from. A list that names none is of 0.1.0. */
function versionsOf({ cniVersion, cniVersions }: { [member: string]: unknown }): string[] {
  const named = [
    ...(cniVersion === undefined ? [] : [cniVersion]),
    ...(Array.isArray(cniVersions) ? cniVersions : []),
  ]
  return named.length === 0 ? ['0.1.0'] : named.map(String)
}

type Plugin = { [member: string]: unknown; type?: unknown }

function listIn(text: string): { [member: string]: unknown; plugins: Plugin[] } {
  const value = jsonIn(text)
  const plugins: unknown = isObject(value) ? value['plugins'] : undefined
  if (!isObject(value) || !Array.isArray(plugins) || !plugins.every(isObject))
    throw new BadSettings('is no list of network plugins: write it as a .conflist with a member plugins')
  return { ...value, plugins }
}

/** Not in the words of JSON.parse, which quote the file. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new BadSettings('is no JSON: write it as a .conflist')
  }
}

const write = (list: object): string => `${JSON.stringify(list, undefined, 2)}\n`
