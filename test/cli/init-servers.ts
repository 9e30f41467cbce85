// Servers of the official SDKs for the tests of `hipaa-mcp init`: the sample EHR in all ways that it speaks, and one with
// everything else that servers have.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { Server as OldServer } from '@modelcontextprotocol/sdk/server/index.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { createMcpHandler, fromJsonSchema, McpServer, ResourceTemplate } from '@modelcontextprotocol/server'
import { ehrServer } from '../sample/ehr-server.ts'
import { records } from '../sample/fhir.ts'
import type { RecordStore } from '../sample/record-store.ts'

export type Running = { url: string; asked: string[]; end: () => Promise<void> }

const given = records(1, 2)
export const first = given[0] as (typeof given)[number]

const store: RecordStore = {
  read: async (id) => await Promise.resolve(given.find(({ patient }) => patient.id === id)),
  search: async () => await Promise.resolve([]),
  write: async () => await Promise.resolve(),
  answers: async () => await Promise.resolve(true),
  close: async () => await Promise.resolve(),
}

/** The sample EHR, for both generations of clients. `asked`: the methods that came. */
export async function sampleEhr(): Promise<Running> {
  return await modern(() => ehrServer(store, undefined))
}

/** Of the SDK’s second generation: 2026-07-28, and what was before. */
async function modern(made: () => McpServer): Promise<Running> {
  const handler = createMcpHandler(made, { onerror: () => undefined })
  const asked: string[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      asked.push(methodOf(body))
      const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [
        name,
        String(value),
      ])
      const sent = new Request(`http://127.0.0.1${request.url}`, {
        method: request.method ?? 'GET',
        headers,
        ...(request.method === 'POST' ? { body } : {}),
      })
      handler
        .fetch(sent)
        .then((answer) => {
          response.writeHead(answer.status, Object.fromEntries(answer.headers))
          if (answer.body === null) response.end()
          else Readable.fromWeb(answer.body as never).pipe(response)
        })
        .catch(() => response.writeHead(500).end())
    })
  })
  return { ...(await listening(server)), asked }
}

/** Of the first generation: sessions, and answers as event streams. */
export async function oldServer(): Promise<Running> {
  const asked: string[] = []
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const body = Buffer.concat(chunks)
      asked.push(methodOf(body))
      const id = request.headers['mcp-session-id']
      let transport = typeof id === 'string' ? sessions.get(id) : undefined
      if (transport === undefined) {
        const fresh = new StreamableHTTPServerTransport({
          sessionIdGenerator: () => `session-${sessions.size + 1}`,
          onsessioninitialized: (name) => void sessions.set(name, fresh),
        })
        transport = fresh
        await made().connect(transport)
      }
      await transport.handleRequest(
        request,
        response,
        body.length === 0 ? undefined : (JSON.parse(String(body)) as object),
      )
    }
    answer().catch(() => response.destroy())
  })
  return { ...(await listening(server)), asked }
}

const made = (): OldServer => {
  const server = new OldServer({ name: 'old-ehr', version: '0.9.0' }, { capabilities: { tools: {} } })
  server.setRequestHandler(ListToolsRequestSchema, async ({ params }) => {
    const page = Number(params?.cursor ?? 0)
    return await Promise.resolve({
      tools: [oldTools[page] as (typeof oldTools)[number]],
      ...(page + 1 < oldTools.length ? { nextCursor: String(page + 1) } : {}),
    })
  })
  server.setRequestHandler(CallToolRequestSchema, async () => await Promise.resolve({ content: [] }))
  return server
}

const oldTools = [
  {
    name: 'getConditions',
    description: 'Problem list',
    inputSchema: {
      type: 'object' as const,
      properties: { patientId: { type: 'string' } },
      required: ['patientId'],
    },
  },
  {
    name: 'getVitals',
    description: 'Vital signs',
    inputSchema: {
      type: 'object' as const,
      properties: { patientId: { type: 'string' } },
      required: ['patientId'],
    },
  },
]

const object = (properties: { [name: string]: object }, required: string[] = []) =>
  fromJsonSchema<Record<string, never>>({ type: 'object', properties, required })

/** Everything that servers have and that a first policy must judge. */
export async function everything(): Promise<Running> {
  return await modern(() => {
    const server = new McpServer(
      { name: 'clinic-tools', version: '2.1.0' },
      { instructions: 'Ask for Maria Fluegel' },
    )
    const tool = (name: string, config: object): void =>
      void server.registerTool(name, { inputSchema: object({}), ...config }, async () => {
        return await Promise.resolve({
          content: [{ type: 'text' as const, text: '{}' }],
          structuredContent: {},
        })
      })
    const patient = {
      patient_id: {
        type: 'string',
        description: 'Patient, for example MRN 4711001 (Maria Fluegel, 212-555-0147)',
      },
    }
    tool('run_query', { inputSchema: object({ sql: { type: 'string' } }, ['sql']) })
    tool('create_note', { inputSchema: object({ ...patient, text: { type: 'string' } }, ['patient_id']) })
    tool('delete_patient', { inputSchema: object(patient, ['patient_id']) })
    tool('retire', { inputSchema: object(patient), annotations: { destructiveHint: true } })
    tool('find_patients', { inputSchema: object({ name: { type: 'string' } }) })
    tool('list_medications', {
      description: 'Medications of e.g. Maria Fluegel, call 212-555-0147',
      inputSchema: object(
        {
          ...patient,
          status: { type: 'string' },
          since: { type: 'string' },
          limit: { type: 'integer' },
          comment: { type: 'string' },
        },
        ['patient_id'],
      ),
    })
    tool('get_chart', {
      description: 'The whole chart',
      inputSchema: object({ chart: { type: 'string' }, mrn: { type: 'string' } }, ['mrn']),
      outputSchema: object({
        patient: { type: 'object', properties: { first_name: { type: 'string' }, ssn: { type: 'string' } } },
        medications: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              drug: { type: 'string' },
              dose: { type: 'number' },
              prescriber_name: { type: 'string' },
              note: { type: 'string' },
            },
          },
        },
        vitals: {
          type: 'array',
          items: {
            type: 'object',
            properties: { kind: { type: 'string' }, value: { type: 'number' }, taken_at: { type: 'string' } },
          },
        },
      }),
    })
    tool('risk_score', {
      description: 'Risk of readmission',
      inputSchema: object(patient, ['patient_id']),
      outputSchema: object({
        score: { type: 'number' },
        patient_name: { type: 'string' },
        phone: { type: 'string' },
        computed: { type: 'string' },
        comment: { type: 'string' },
      }),
    })
    tool('thing', { inputSchema: object(patient, ['patient_id']) })
    tool('get_allergies', { inputSchema: object({}) })
    server.registerResource(
      'labs',
      'ehr://patients/4711/labs',
      {},
      async () => await Promise.resolve({ contents: [] }),
    )
    const template = new ResourceTemplate('ehr://patients/{patient}/labs', { list: undefined })
    server.registerResource('labs-of', template, {}, async () => await Promise.resolve({ contents: [] }))
    server.registerPrompt('brief', {}, async () => await Promise.resolve({ messages: [] }))
    return server
  })
}

function methodOf(body: Buffer): string {
  try {
    return (JSON.parse(String(body)) as { method?: string }).method ?? ''
  } catch {
    return ''
  }
}

async function listening(server: Server): Promise<Pick<Running, 'url' | 'end'>> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    end: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
