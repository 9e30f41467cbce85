// `hipaa-mcp explain`: what a policy makes of a call and of its result, place by place, and by which rule. It runs what the
// sidecar runs: the policy compiled, arguments checked, results cut by the same functions.

import { type Command, UsageError } from './command.ts'

export const explain: Command = {
  name: 'explain',
  summary: 'Say what a policy makes of a call and its result, and by which rule',
  operands: '',
  example: 'explain -f ehr.yaml --as clinician --purpose TREAT --tool get_labs',
  options: {
    file: { value: 'FILE', short: 'f', help: 'The manifest; - for standard input' },
    server: { value: 'NAME', help: 'Which HipaaMcpServer, where the file holds several' },
    as: { value: 'ROLE', help: 'Role of the policy that the caller has; several with commas' },
    purpose: { value: 'CODE', help: 'Purpose of use: TREAT, HPAYMT, HOPERAT …' },
    tool: { value: 'NAME', help: 'The tool that is called' },
    resource: { value: 'URI', help: 'Or the resource that is read' },
    prompt: { value: 'NAME', help: 'Or the prompt that is asked for' },
    args: { value: 'JSON', help: 'Arguments of the call, or @FILE, which no history keeps' },
    patients: { value: 'IDS', help: 'Whom a Bound or Panel caller may reach, with commas, or @FILE' },
    result: { value: 'FILE', help: 'What the server answered; - for standard input' },
    values: { help: 'Show what stands in each place, before and after: this may be PHI' },
    json: { help: 'Print the explanation as JSON' },
  },
  about:
    'The result may be a document, a result of the protocol (CallToolResult …) or a JSON-RPC answer; without one only the decision is explained. Places of a list are told together as *, and a place below which all fared alike is one line; the number is how many places. Dropped places are not looked into.\nNo value is printed unless --values asks for it. Exit code 0: permitted; 1: refused, by the line that says no.',
  run: async (operands, values, screen) => {
    if (operands.length > 0) throw new UsageError('explain takes options only')
    // The other commands need none of this, and `connect` runs all day.
    const { answer } = await import('./explain/answer.ts')
    return await answer(values, screen)
  },
}
