// What Mcp-Name repeats: written by whoever sends a request, compared by whoever lets it through.

/** Method -> the parameter whose value stands in Mcp-Name (MCP 2026-07-28, Standard Headers). Other methods have none. */
export const mcpNames: ReadonlyMap<string, 'name' | 'uri' | 'taskId'> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  // Of the extension io.modelcontextprotocol/tasks, Routing Headers.
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
])
