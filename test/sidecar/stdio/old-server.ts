// A stdio server of the first generation of the official SDK, for wrapper.test.ts. Its tools do what a test wants to see,
// and it is as careless as many are.

import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { CallToolRequestSchema } from '@modelcontextprotocol/sdk/types.js'

const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] })
const tools: { [name: string]: (value: string) => ReturnType<typeof text> } = {
  echo: (value) => {
    console.error(`serving ${value}`)
    return text(value)
  },
  end: (code) => process.exit(Number(code)),
  large: (bytes) => text('x'.repeat(Number(bytes))),
}

const server = new Server({ name: 'old', version: '1.0.0' }, { capabilities: { tools: {} } })
server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
  const value = String(params.arguments?.['value'])
  return await Promise.resolve(tools[params.name]?.(value) ?? text('no such tool'))
})
if (process.argv[2] === 'stubborn') {
  process.on('SIGTERM', () => console.error('not yet'))
  setInterval(() => undefined, 1_000)
}
console.log('Fluegel is ready')
await server.connect(new StdioServerTransport())
