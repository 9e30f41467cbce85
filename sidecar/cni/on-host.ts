// What the installer leaves on a node for the plugin, and how the plugin finds it. All of it lies in one folder beside the
// launcher, in the runtime's folder of plugins, which root alone may write.

import { join } from 'node:path'
import { cniPlugin } from '../../core/identifiers.ts'

/** `plugins`: where the launcher lies, which is named as the plugin's `type` in a network configuration. */
export const hostFolder = (plugins: string): string => join(plugins, `${cniPlugin}.d`)

/** The installer's own, on the node's loopback: `/readyz` and `/metrics`. */
export const healthPort = 15_045

/** In that folder. Programs lie beside them, in a folder for each version. */
export const hostFiles = { access: 'access.json', enrolled: 'enrolled.json' } as const

/** In the folder of a version: a loader and libraries of its own, since the node may have others or none. */
export const programFiles = {
  loader: 'ld.so',
  libraries: 'lib',
  extensions: 'xtables',
  node: 'node',
  nsenter: 'nsenter',
  filter: 'xtables-nft-multi',
  sources: 'app',
  plugin: 'app/sidecar/cni/plugin.mjs',
} as const

/** How the API server is asked. `token` is the installer's own, ends with its pod, and is written anew before it expires. */
export type Access = { server: string; ca: string; token: string }

/** Namespaces whose pods may be guarded. Those of others start without anybody being asked. */
export type Enrolled = { namespaces: readonly string[] }
