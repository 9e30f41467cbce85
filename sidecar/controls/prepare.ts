// Minimum necessary for handshakes: the server learns the revision and our own name, nothing of the caller.

import type { Announced, JsonObject, Prepared, Revision } from '../exchange.ts'

/** How we call ourselves. Callers' own names and versions are free text, and stay here. */
const clientInfo = { name: 'hipaa-mcp', version: '0.1.0' }

/**
 * `_meta` as a revision asks for it. No capability is claimed: what the server might then ask of the caller (sampling,
 * elicitation) would be a way out for PHI.
 */
export function protocolMeta(revision: Revision): JsonObject {
  if (revision !== '2026-07-28') return {}
  return {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': revision,
      'io.modelcontextprotocol/clientInfo': clientInfo,
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  }
}

/** What is sent for initialize, server/discover and notifications/initialized. */
export function prepare(exchange: Announced): Prepared {
  const { message, revision } = exchange
  const params: JsonObject =
    message.method === 'initialize'
      ? { protocolVersion: revision, capabilities: {}, clientInfo }
      : protocolMeta(revision)
  const outgoing = { method: message.method, params, notification: message.id === undefined }
  return { ...exchange, stage: 'prepared', outgoing }
}
