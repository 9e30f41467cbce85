// The node's network configuration, with the plugin in it for as long as the installer runs.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BadSettings, codeOf } from '../../core/log.ts'
import { chosenFile, withoutPlugin, withPlugin } from './conflist.ts'
import { writeWhole } from './write-file.ts'

/**
 * `folder`: where the runtime looks for configurations. Returns whether it had to be written. Throws where there is none
 * yet, or none that has room: then the plugin stands in none.
 */
export function enter(folder: string): boolean {
  const path = pathIn(folder)
  if (path === undefined)
    throw new BadSettings(
      'there is no network configuration on this node yet: the network’s own DaemonSet brings it',
    )
  try {
    return change(path, withPlugin)
  } catch (error) {
    // It may have been in the list before that became one of another version.
    leave(folder)
    throw error
  }
}

/** Takes the plugin out of every configuration, also of one that is no longer the first. */
export function leave(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (chosenFile([name]) === undefined) continue
    try {
      change(join(folder, name), withoutPlugin)
    } catch {
      // No list, so the plugin is not in it.
    }
  }
}

function pathIn(folder: string): string | undefined {
  const name = chosenFile(readdirSync(folder))
  return name === undefined ? undefined : join(folder, name)
}

function change(path: string, how: (text: string) => string | undefined): boolean {
  let text: string | undefined
  try {
    text = how(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new BadSettings(
      `${path} ${error instanceof BadSettings ? error.message : `cannot be read (${codeOf(error)})`}`,
      { cause: error },
    )
  }
  if (text !== undefined) writeWhole(path, text)
  return text !== undefined
}
