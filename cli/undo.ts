// `hipaa-mcp undo`: puts a workload back as it was before it was guarded, and leaves an Event that says who did it and why.

import type { Command } from './command.ts'
import { kubeOptions } from './kube.ts'

export const undo: Command = {
  name: 'undo',
  summary: 'Put a workload back as it was before it was guarded',
  operands: 'KIND/NAME',
  example: 'undo deployment/ehr-mcp -n clinic --yes --reason "no longer used"',
  options: {
    namespace: { value: 'NAME', short: 'n', help: 'Where the workload is' },
    reason: { value: 'TEXT', help: 'Why, in words; without names of patients' },
    'dry-run': { help: 'Show what would change, and change nothing' },
    yes: { help: 'Change it; without it nothing is changed' },
    ...kubeOptions,
    json: { help: 'Print what changes as JSON' },
  },
  about:
    'KIND is deployment, statefulset, daemonset or cronjob. Taken away is what guards it: its annotation hipaa-mcp.dev/server, the same on its pod template where the operator wrote it, and the pace at which pods were replaced; its author’s strategy comes back. Nothing else is touched. The workload then replaces its pods in its own way, with ones without a sidecar.\nWithout --yes it says what it would do and ends with code 1. An Event on the workload and on its HipaaMcpServer says who did it and why; where that Event cannot be written nothing is changed.\nNext: hipaa-mcp preflight KIND/NAME says what keeps its pods from being guarded.',
  run: async (operands, values, screen) => {
    const { begin } = await import('./undo/begin.ts')
    return await begin(operands, values, screen)
  },
}
