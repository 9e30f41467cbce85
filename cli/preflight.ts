// `hipaa-mcp preflight`: before a namespace is enrolled or a manifest applied, what admission would say of each pod, by
// admission's own judgement.

import type { Command } from './command.ts'
import { kubeOptions } from './kube.ts'

export const preflight: Command = {
  name: 'preflight',
  summary: 'Say which pods can be guarded, why others cannot, and what to write',
  operands: '[KIND/NAME]',
  example: 'preflight deployment/ehr-mcp -n clinic',
  options: {
    file: {
      value: 'FILE',
      short: 'f',
      help: 'Manifests to judge; HipaaMcpServers in it count. - for standard input',
    },
    namespace: { value: 'NAME', short: 'n', help: 'Every workload and bare pod of this namespace' },
    offline: { help: 'Ask no cluster: only what --file holds' },
    ...kubeOptions,
    json: { help: 'Print what was found as JSON' },
  },
  about:
    'Each workload is judged as a new pod of it would be in an enrolled namespace: guarded by a HipaaMcpServer, a store of one, or a bystander. A workload that is named (KIND/NAME: deployment, statefulset, daemonset, job, cronjob or pod) and that no HipaaMcpServer claims is judged as if one did.\nNothing is written. Exit code 1 when a pod would be refused.\nNext: hipaa-mcp init, kubectl label namespace NAME hipaa-mcp.dev/enforce=true.',
  run: async (operands, values, screen) => {
    // Admission's judgement is large, and `connect` runs all day.
    const { begin } = await import('./preflight/begin.ts')
    return await begin(operands, values, screen)
  },
}
