// MCP messages as a client of either revision sends them, with their headers.

import { purposeMeta } from '../../core/identifiers.ts'
import type { Revision } from '../../sidecar/exchange.ts'

export type Sent = { body: string | Buffer; headers: { [name: string]: string } }

type Params = { [member: string]: unknown }

/** A request, or a notification when `id` is null. Purpose TREAT unless another, or none (null), is given. */
export function aMessage(
  method: string,
  params: Params = {},
  options: {
    id?: string | number | null
    revision?: Revision
    purpose?: string | null
    capabilities?: object
  } = {},
): Sent {
  const { id = 1, revision = '2025-11-25', purpose = 'TREAT', capabilities = {} } = options
  const meta = {
    ...(purpose === null ? {} : { [purposeMeta]: purpose }),
    ...(revision === '2026-07-28'
      ? {
          'io.modelcontextprotocol/protocolVersion': revision,
          'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
          'io.modelcontextprotocol/clientCapabilities': capabilities,
        }
      : {}),
  }
  const named = params['name'] ?? params['uri'] ?? params['taskId']
  const body = { jsonrpc: '2.0', ...(id === null ? {} : { id }), method, params: { ...params, _meta: meta } }
  return {
    body: JSON.stringify(body),
    headers: {
      ...(method === 'initialize' ? {} : { 'mcp-protocol-version': revision }),
      ...(revision === '2026-07-28'
        ? {
            'mcp-method': method,
            ...(typeof named === 'string' ? { 'mcp-name': named } : {}),
          }
        : {}),
    },
  }
}

/** A call of the policy's tool. */
export function aCall(
  args: Params = { patient_id: 'p-100' },
  options: { tool?: string; id?: string | number; revision?: Revision; purpose?: string | null } = {},
): Sent {
  const { tool = 'get_diagnosis', ...rest } = options
  return aMessage('tools/call', { name: tool, arguments: args }, rest)
}
