// An MCP host, as the official client is one: it starts `hipaa-mcp connect`, and calls a tool of the fixtures through it.

import type { Readable } from 'node:stream'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import type { ConnectScene } from './scene.ts'

/** What the fixtures' tool answers. */
export const simple = [{ type: 'text', text: 'This is a simple text response for testing.' }]

export const call = async (client: Client) =>
  (await client.callTool({ name: 'test_simple_text', arguments: {} })).content

/** Connected, with its state in this folder; `person` logs in where that is asked for, and `heard` is what they read. */
export async function host(
  scene: ConnectScene,
  state: string,
  person: Parameters<ConnectScene['watch']>[1],
  more: readonly string[],
): Promise<{ client: Client; heard: { text(): string } }> {
  const transport = new StdioClientTransport({ ...scene.command(state, ...more), stderr: 'pipe' })
  const heard = scene.watch(transport.stderr as Readable, person)
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(transport)
  return { client, heard }
}
