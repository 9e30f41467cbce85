// `hipaa-mcp doctor`: whether what is installed works, and of every pod why it is not guarded and what to do.

import type { Command } from './command.ts'
import { kubeOptions } from './kube.ts'

export const doctor: Command = {
  name: 'doctor',
  summary: 'Say whether what is installed works, and what to do about each pod',
  operands: '',
  example: 'doctor -n clinic',
  options: {
    namespace: { value: 'NAME', short: 'n', help: 'Only servers and pods of this namespace' },
    ...kubeOptions,
    json: { help: 'Print what was found as JSON' },
  },
  about:
    'Looks at the kinds, the operator and the collector, webhooks and their certificates, admission policies, storage classes, every HipaaMcpServer with the proof that its network enforces policies, and every pod of an enrolled namespace. Only reads.\nWhat you may not read is not known, which is said and is no finding. Exit code 1 when something is wrong.',
  run: async (operands, values, screen) => {
    const { begin } = await import('./doctor/begin.ts')
    return await begin(operands, values, screen)
  },
}
