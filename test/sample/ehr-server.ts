// A sample EHR MCP server as teams have them today: it trusts whoever reaches it, hands out whole records, and speaks
// plain PostgreSQL. It knows nothing of this product and runs unchanged behind it.
//
//   DATABASE_URL=postgres://… [VENDOR_URL=https://…] [PORT=8080] node test/sample/ehr-server.ts

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { createMcpHandler, fromJsonSchema, McpServer } from '@modelcontextprotocol/server'
import type { PatientRecord } from './fhir.ts'
import { openStore, type RecordStore } from './record-store.ts'

const sections = ['conditions', 'medications', 'observations', 'encounters', 'notes'] as const
type Section = (typeof sections)[number]

const text = (value: unknown) => ({ type: 'text' as const, text: JSON.stringify(value) })

/** The server's tools, each as broad as can be. */
export function ehrServer(store: RecordStore, vendor: string | undefined): McpServer {
  const server = new McpServer({ name: 'sample-ehr', version: '1.0.0' })
  server.registerTool(
    'get_patient_record',
    {
      description: 'Everything that the EHR knows of a patient',
      inputSchema: fromJsonSchema<{ patient_id: string; sections?: Section[] }>({
        type: 'object',
        properties: {
          patient_id: { type: 'string' },
          sections: { type: 'array', items: { type: 'string', enum: [...sections] } },
        },
        required: ['patient_id'],
      }),
    },
    async ({ patient_id, sections: wanted }) => {
      const record = await store.read(patient_id)
      // As careless as many are: the identifier stands in the message.
      if (record === undefined) return { content: [text(`No patient ${patient_id}`)], isError: true }
      const shown = only(record, wanted ?? sections)
      return { content: [text(shown)], structuredContent: shown }
    },
  )
  server.registerTool(
    'search_patients',
    {
      description: 'Patients whose name holds a text',
      inputSchema: fromJsonSchema<{ name?: string }>({
        type: 'object',
        properties: { name: { type: 'string' } },
      }),
    },
    async ({ name }) => {
      const found = { patients: await store.search(name ?? '') }
      return { content: [text(found)], structuredContent: found }
    },
  )
  server.registerTool(
    'check_coverage',
    {
      description: 'Asks the clearing house whether a patient is covered',
      inputSchema: fromJsonSchema<{ patient_id: string }>({
        type: 'object',
        properties: { patient_id: { type: 'string' } },
        required: ['patient_id'],
      }),
    },
    async ({ patient_id }) => {
      const record = await store.read(patient_id)
      if (record === undefined || vendor === undefined)
        return { content: [text(`No coverage of ${patient_id}`)], isError: true }
      const asked = {
        method: 'POST',
        body: JSON.stringify(record.patient),
        signal: AbortSignal.timeout(5_000),
      }
      const coverage: unknown = await (await fetch(`${vendor}/coverage`, asked)).json()
      const found = { patient: record.patient, coverage, subject: record.subject }
      return { content: [text(found)], structuredContent: found }
    },
  )
  return server
}

function only(record: PatientRecord, wanted: readonly Section[]): Record<string, unknown> {
  const kept = Object.fromEntries(wanted.map((section) => [section, record[section]]))
  return { patient: record.patient, ...kept, subject: record.subject }
}

/** Answers on `port` (0: a free one) of every address: MCP under /mcp, health under /healthz. Both revisions are served. */
export async function serve(options: {
  database: string
  vendor?: string
  port: number
}): Promise<{ server: Server; port: number }> {
  const store = openStore(options.database)
  const handler = createMcpHandler(() => ehrServer(store, options.vendor), { onerror: () => undefined })
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.statusCode = 500
      response.end(String(error))
    })
  })
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === '/healthz') {
      const well = await store.answers()
      response.writeHead(well ? 200 : 503).end(well ? 'ok' : 'the database does not answer')
      return
    }
    if (request.url?.split('?')[0] !== '/mcp') {
      response.writeHead(404).end()
      return
    }
    await send(await handler.fetch(webRequest(request)), response)
  }
  await new Promise<void>((resolve) => server.listen(options.port, resolve))
  server.on('close', () => void Promise.all([store.close(), handler.close()]))
  return { server, port: (server.address() as AddressInfo).port }
}

function webRequest(request: IncomingMessage): Request {
  const body =
    request.method === 'POST'
      ? { body: Readable.toWeb(request) as ReadableStream, duplex: 'half' as const }
      : {}
  const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  )
  return new Request(`http://${request.headers.host ?? 'localhost'}${request.url}`, {
    method: request.method ?? 'GET',
    headers,
    ...body,
  })
}

async function send(answer: Response, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  if (answer.body !== null) for await (const chunk of answer.body) response.write(chunk)
  response.end()
}

if (import.meta.main) {
  const database = process.env['DATABASE_URL']
  if (database === undefined)
    throw new Error('DATABASE_URL is missing: name the PostgreSQL database of the records')
  const vendor = process.env['VENDOR_URL']
  const port = Number(process.env['PORT'] ?? 8080)
  const { server } = await serve({ database, port, ...(vendor === undefined ? {} : { vendor }) })
  console.log(`sample EHR on port ${port}`)
  process.once('SIGTERM', () => server.close())
}
