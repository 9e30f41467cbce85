// A first policy, from the server's own words to the manifest: connects, lists, samples where that is asked for, proposes.

import { writeFile } from 'node:fs/promises'
import type { JsonObject } from '../../core/canonical.ts'
import { counted } from '../../core/counted.ts'
import { CannotError, exitCodes, type Screen, textOf, UsageError, type Values } from '../command.ts'
import { objectFrom, textFrom } from '../lines.ts'
import { type Progress, progress } from '../progress.ts'
import { isCleanName } from './arguments.ts'
import { proposePrompts, proposeResources } from './besides.ts'
import { type Catalogue, readCatalogue, type Schema, ServerError, type Wire } from './catalogue.ts'
import { deployed } from './deployment.ts'
import { greet } from './handshake.ts'
import { httpWire } from './http.ts'
import { manifestOf, type Proposal, type Workload } from './manifest.ts'
import { unheld } from './proposal.ts'
import { proposeTools } from './propose.ts'
import { shapeOf } from './shape.ts'
import { stdioWire } from './stdio.ts'

/** Resolves to the exit code. */
export async function begin(operands: readonly string[], values: Values, screen: Screen): Promise<number> {
  const source = await sourceOf(operands, values, screen)
  try {
    const said = await greet(source.wire)
    const catalogue = await readCatalogue(source.wire, said)
    const shapes = await sampled(source.wire, catalogue, textOf(values, 'sample'))
    const proposal = propose(catalogue, shapes, source.workload(said.server))
    const text = manifestOf(proposal)
    const file = textOf(values, 'output')
    if (file === undefined) screen.out(text.trimEnd())
    else await written(file, text)
    tell(proposal, catalogue, file, screen)
    return exitCodes.ok
  } finally {
    await source.end()
  }
}

type Source = { wire: Wire; workload: (server: string) => Workload; end: () => Promise<void> }

async function sourceOf(operands: readonly string[], values: Values, screen: Screen): Promise<Source> {
  const given = ['url', 'command', 'from'].filter((name) => textOf(values, name) !== undefined)
  if (given.length !== 1) throw new UsageError('init wants exactly one of --url, --command, --from')
  const [way] = given
  if (way !== 'command' && operands.length > 0)
    throw new UsageError('Only --command takes arguments behind --')
  const name = textOf(values, 'name')
  const namespace = textOf(values, 'namespace')
  const fixed = { ...(name === undefined ? {} : { name }), ...(namespace === undefined ? {} : { namespace }) }
  const options = await connectionOf(values)
  if (way === 'from') return await deployed(textOf(values, 'from') as string, fixed, values, options, screen)
  if (way === 'url') {
    const url = serverUrl(textOf(values, 'url') as string)
    const wire = httpWire(url.href, options)
    return { wire, workload: (server) => atUrl(url, server, fixed), end: async () => await wire.end() }
  }
  const [program, ...first] = splitWords(textOf(values, 'command') as string)
  if (program === undefined) throw new UsageError('--command wants a program')
  let running: Progress | undefined
  const wire = stdioWire(program, [...first, ...operands], (asked) => {
    running?.done()
    running =
      asked === undefined ? undefined : progress(screen, () => `Waiting for ${program} to answer ${asked}`)
  })
  return { wire, workload: (server) => onStdio(server, fixed), end: async () => await wire.end() }
}

type Fixed = { readonly name?: string; readonly namespace?: string }

async function connectionOf(values: Values): Promise<{ ca: readonly string[]; token?: string }> {
  const [ca, token] = [textOf(values, 'ca'), textOf(values, 'token-file')]
  return {
    ca: ca === undefined ? [] : [await textFrom(ca)],
    ...(token === undefined ? {} : { token: (await textFrom(token)).trim() }),
  }
}

function serverUrl(text: string): URL {
  const url = URL.parse(text)
  if (
    url === null ||
    !['http:', 'https:'].includes(url.protocol) ||
    url.username !== '' ||
    url.password !== ''
  )
    throw new UsageError('--url wants an address such as http://127.0.0.1:8080/mcp')
  return url
}

/** As a person writes a command: words, and quotes around those with spaces. No shell reads it. */
function splitWords(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  )
}

function atUrl(url: URL, server: string, fixed: Fixed): Workload {
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  return {
    ...named(server, fixed),
    port: { value: port, why: 'from its URL. FILL IN where it listens on another port in the pod' },
    path: { value: url.pathname, why: 'from its URL; every other path is refused' },
    transport: { value: 'StreamableHttp', why: 'as it answered' },
  }
}

function onStdio(server: string, fixed: Fixed): Workload {
  return {
    ...named(server, fixed),
    port: { value: 8080, why: 'nothing listens there: the port under which callers reach the sidecar' },
    path: { value: '/mcp', why: 'any will do' },
    transport: {
      value: 'Stdio',
      why: 'write the container’s command out in the workload: the image’s own entry point is not seen',
    },
  }
}

function named(server: string, { name, namespace }: Fixed): Pick<Workload, 'name' | 'namespace'> {
  const own = (server.split(' ')[0] ?? '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40)
  return {
    name:
      name === undefined
        ? own === ''
          ? { value: 'ehr', why: 'FILL IN: the server says no plain name of its own' }
          : { value: own, why: 'as the server calls itself' }
        : { value: name, why: '' },
    namespace:
      namespace === undefined
        ? { value: 'clinic', why: 'FILL IN: the namespace of the workload' }
        : { value: namespace, why: '' },
  }
}

/** Shapes of results by the tool that gave them. */
async function sampled(
  wire: Wire,
  { tools }: Catalogue,
  call: string | undefined,
): Promise<Map<string, Schema>> {
  if (call === undefined) return new Map()
  const [, name = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(call.trim()) ?? []
  if (!tools.some((tool) => tool.name === name))
    throw new UsageError(
      `--sample names no tool of the server: ${tools
        .map((tool) => tool.name)
        .filter(isCleanName)
        .join(', ')}`,
    )
  const args = await objectFrom(
    rest === '' ? '{}' : rest,
    '--sample wants a tool and a JSON object: ‘TOOL {"patient_id":"p-1"}’',
  )
  let result: JsonObject
  try {
    result = await wire.request('tools/call', { name, arguments: args })
  } catch (error) {
    if (!(error instanceof ServerError)) throw error
    throw new CannotError(`${name} answers with error ${error.code}: check the arguments of --sample`)
  }
  // The server's own words stay where they are: they may hold the patient.
  if (result['isError'] === true)
    throw new CannotError(`${name} reports an error: check the arguments of --sample`)
  const shape = shapeOf(result)
  if (shape === undefined) throw new CannotError(`${name} returned no JSON: there is no shape to read`)
  return new Map([[name, shape]])
}

function propose(catalogue: Catalogue, shapes: ReadonlyMap<string, Schema>, workload: Workload): Proposal {
  const { tools, left } = proposeTools(catalogue, shapes)
  const { resources, left: addresses } = proposeResources(catalogue)
  const { prompts, left: words } = proposePrompts(catalogue)
  const { server, revision, tools: all, resources: uris, templates, prompts: texts, unheld: more } = catalogue
  const counts = [
    [all.length + more.tools, 'tool'],
    [uris.length, 'resource'],
    [templates.length, 'resource template'],
    [texts.length + more.prompts, 'prompt'],
  ] as const
  const what = counts.map(([count, one]) => counted(count, one)).join(', ')
  return {
    read: `${server === '' ? 'a server' : server} offers ${what} (MCP ${revision})`,
    sampled: [...shapes.keys()],
    workload,
    tools,
    resources,
    prompts,
    left: [...left, ...unheld(more.tools, 'tool'), ...addresses, ...words, ...unheld(more.prompts, 'prompt')],
  }
}

async function written(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text)
  } catch {
    throw new CannotError(`${file} cannot be written: check the folder`)
  }
}

function tell(
  { tools, resources, prompts, left }: Proposal,
  { tools: all, unheld: more }: Catalogue,
  file: string | undefined,
  screen: Screen,
): void {
  screen.note(
    `${all.length + more.tools} tools read; ${tools.length} narrow ones proposed, ${left.length} things left out with a reason`,
  )
  if (tools.length + resources.length + prompts.length === 0)
    screen.note(
      'Nothing could be proposed: the role in it may use nothing, of which check warns until a tool is written',
    )
  if (file !== undefined)
    screen.note(`Read ${file}, fill in what says FILL IN, then: hipaa-mcp check ${file}`)
}
