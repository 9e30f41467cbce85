// Every place where a trail may lie, by how it is named. Each is opened by what is loaded for it alone.

import { CannotError, type Command, type Screen, UsageError, type Values } from '../command.ts'
import { folderSource } from './folder-source.ts'
import type { TrailSource } from './source.ts'

/** The one source that a command's operands name. Throws `UsageError`. */
export function oneSource(command: string, operands: readonly string[]): string {
  const [named] = operands
  if (named === undefined || operands.length > 1)
    throw new UsageError(
      `${command} wants one trail: a folder, s3://…, postgres://…, https://… or collector:`,
    )
  return named
}

/** Options that say how sources besides folders are reached. */
export const reachOptions: Command['options'] = {}

/** Opens it. Rejects with `CannotError` or `UsageError`, which say what is wanted. */
export async function openTrail(named: string, values: Values, screen: Screen): Promise<TrailSource> {
  void values
  void screen
  void CannotError
  return folderSource(named)
}

/** Opens it for one piece of work, and closes it whatever came of that. */
export async function withTrail<T>(
  named: string,
  values: Values,
  screen: Screen,
  work: (source: TrailSource) => Promise<T>,
): Promise<T> {
  const source = await openTrail(named, values, screen)
  try {
    return await work(source)
  } finally {
    await source.close()
  }
}
