// The tasks extension of MCP 2026-07-28 (io.modelcontextprotocol/tasks): who knows it. Before, tasks were part of the
// protocol itself (MCP 2025-11-25, Tasks).

import type { JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { Refusal } from '../refusals.ts'

export const tasksExtension = 'io.modelcontextprotocol/tasks'

/** Under which `_meta` of a message says whose task it belongs to (MCP 2025-11-25, Tasks). */
export const relatedTask = 'io.modelcontextprotocol/related-task'

/** Whether declared capabilities, a caller's or a server's, name the extension. */
export function namesTasks(capabilities: unknown): boolean {
  const extensions = isObject(capabilities) ? capabilities['extensions'] : undefined
  return isObject(extensions) && isObject(extensions[tasksExtension])
}

/** Throws Refusal for a caller who does not say in this request that they know the extension (its Protocol Errors). */
export function demandTasks({ _meta: meta }: JsonObject): void {
  const capabilities = isObject(meta) ? meta['io.modelcontextprotocol/clientCapabilities'] : undefined
  if (!namesTasks(capabilities))
    throw new Refusal('capability-missing', {
      data: { requiredCapabilities: { extensions: { [tasksExtension]: {} } } },
    })
}
