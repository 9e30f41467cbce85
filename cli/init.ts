// `hipaa-mcp init`: reads what a running MCP server offers, and proposes the first policy. It lists and does not call; with
// --sample it calls one tool once, and keeps names and types of what came back.

import type { Command } from './command.ts'
import { kubeOptions } from './kube.ts'

export const init: Command = {
  name: 'init',
  summary: 'Read what an MCP server offers, and propose its first policy',
  operands: '[-- ARGS]',
  example: 'init --from deployment/ehr-mcp -n clinic -o ehr.yaml',
  options: {
    url: { value: 'URL', help: 'A server on Streamable HTTP, such as http://127.0.0.1:8080/mcp' },
    command: {
      value: 'COMMAND',
      help: 'Or a server on standard input and output: the program; its arguments follow --',
    },
    from: { value: 'KIND/NAME', help: 'Or one in the cluster: deployment/NAME, statefulset/NAME, pod/NAME' },
    namespace: { value: 'NAME', short: 'n', help: 'Its namespace' },
    port: { value: 'PORT', help: 'Its port in the pod, where --from guesses wrong' },
    path: { value: 'PATH', help: 'Its path, where it is not /mcp' },
    name: { value: 'NAME', help: 'Name of the HipaaMcpServer; otherwise that of the workload or server' },
    sample: {
      value: 'CALL',
      help: 'Call one tool once, for the shape of its result: ‘TOOL {"patient_id":"p-1"}’ or ‘TOOL @FILE’',
    },
    'token-file': { value: 'FILE', help: 'A token that the server wants' },
    ca: { value: 'FILE', help: 'CA of the server, PEM, besides those of this machine' },
    output: { value: 'FILE', short: 'o', help: 'Write the manifest there; otherwise to standard output' },
    ...kubeOptions,
  },
  about:
    'The manifest carves narrow tools out of broad ones, names the fields of each by type of FHIR or by output schema, and leaves out what writes, searches or runs queries, each with its reason in a comment. It is a proposal: lines that say FILL IN want a person.\nNo tool is called and no resource is read, unless --sample asks for it; of a sample names and types are kept, and no value. Descriptions of the server are taken over only where no identifier is found in them.\nNotes are on standard error. Next: hipaa-mcp check, hipaa-mcp explain.',
  run: async (operands, values, screen) => {
    // The other commands need none of this, and `connect` runs all day.
    const { begin } = await import('./init/begin.ts')
    return await begin(operands, values, screen)
  },
}
