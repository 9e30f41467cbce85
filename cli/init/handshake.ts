// Which revision a server speaks: 2026-07-28 is asked for first, by its own question; a server that does not know it is
// greeted as servers were before.

import type { JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { CannotError } from '../command.ts'
import { isCleanName } from './arguments.ts'
import { ServerError, type Wire } from './catalogue.ts'

const newest = '2026-07-28'
const before = '2025-11-25'
const metaKey = 'io.modelcontextprotocol'
const clientInfo = { name: 'hipaa-mcp-init', version: '0.1.0' }

/** What every request of 2026-07-28 says of who asks. No capabilities: a server that is only read asks for nothing. */
export const ownMeta: JsonObject = {
  [`${metaKey}/protocolVersion`]: newest,
  [`${metaKey}/clientInfo`]: clientInfo,
  [`${metaKey}/clientCapabilities`]: {},
}

/** Greets the server. Rejects with `CannotError` when it speaks neither. */
export async function greet(wire: Wire): Promise<{ server: string; revision: string }> {
  wire.agreed(newest)
  const discovered = await answered(wire, 'server/discover', {})
  const versions = discovered?.['supportedVersions']
  if (discovered !== undefined && Array.isArray(versions) && versions.includes(newest))
    return { server: nameOf(discovered['serverInfo'] ?? metaOf(discovered)), revision: newest }
  wire.agreed(before)
  const params = { protocolVersion: before, capabilities: {}, clientInfo }
  const result = await answered(wire, 'initialize', params)
  const revision = result?.['protocolVersion']
  if (typeof revision !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(revision))
    throw new CannotError('The server answers no handshake of MCP: is that its MCP endpoint?')
  wire.agreed(revision)
  await wire.notify('notifications/initialized')
  return { server: nameOf(result?.['serverInfo']), revision }
}

async function answered(wire: Wire, method: string, params: JsonObject): Promise<JsonObject | undefined> {
  try {
    return await wire.request(method, params)
  } catch (error) {
    if (error instanceof ServerError) return undefined
    throw error
  }
}

/** Where a server says who it is in every result (MCP 2026-07-28). */
function metaOf(result: JsonObject): unknown {
  const meta = result['_meta']
  return isObject(meta) ? meta[`${metaKey}/serverInfo`] : undefined
}

/** Its own words: what is no plain name and version, or may name somebody, is left out; a version by itself too. */
function nameOf(info: unknown): string {
  if (!isObject(info)) return ''
  const { name, version } = info
  if (!isPlain(name) || !isCleanName(name)) return ''
  // A version reads like an address or a date.
  const isShown = isPlain(version) && (/^v?[0-9][0-9A-Za-z.+-]*$/.test(version) || isCleanName(version))
  return isShown ? `${name} ${version}` : name
}

function isPlain(part: unknown): part is string {
  return typeof part === 'string' && /^[A-Za-z0-9][A-Za-z0-9 ._/@+-]{0,63}$/.test(part)
}
