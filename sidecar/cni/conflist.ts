// The plugin's place in a network configuration list: last, behind whatever makes the pod's network. Pure.

import { isObject } from '../../core/is-object.ts'
import { pluginType } from './on-host.ts'

/**
 * The file that a runtime takes: the first by name, as libcni sorts them. Undefined where there is none yet; the network's
 * own installer brings it.
 */
export function chosenFile(names: readonly string[]): string | undefined {
  return names.filter((name) => /\.(conf|conflist|json)$/.test(name)).toSorted()[0]
}

/**
 * The text with the plugin last, or undefined where it stands there already. Throws where the text is no list: a single
 * plugin's file (`.conf`) has no place for a second one.
 */
export function withPlugin(text: string): string | undefined {
  const list = listIn(text)
  const others = list.plugins.filter(({ type }) => type !== pluginType)
  const last = list.plugins.at(-1)
  if (last?.['type'] === pluginType && others.length === list.plugins.length - 1) return undefined
  return write({ ...list, plugins: [...others, { type: pluginType }] })
}

/** The text without the plugin, or undefined where it does not stand there. */
export function withoutPlugin(text: string): string | undefined {
  const list = listIn(text)
  const others = list.plugins.filter(({ type }) => type !== pluginType)
  return others.length === list.plugins.length ? undefined : write({ ...list, plugins: others })
}

type Plugin = { [member: string]: unknown; type?: unknown }

function listIn(text: string): { [member: string]: unknown; plugins: Plugin[] } {
  const value: unknown = JSON.parse(text)
  const plugins: unknown = isObject(value) ? value['plugins'] : undefined
  if (!isObject(value) || !Array.isArray(plugins) || !plugins.every(isObject))
    throw new Error('is no list of network plugins: write it as a .conflist with a member plugins')
  return { ...value, plugins }
}

const write = (list: object): string => `${JSON.stringify(list, undefined, 2)}\n`
