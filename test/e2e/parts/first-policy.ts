// The first policy of the clinic's server as it ran before anything guarded it, read through the real kubelet.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { parse } from 'yaml'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { type Clinic, out } from '../../demo/scene.ts'
import { spawnedHipaaMcp } from '../../demo/steps/trail.ts'
import { verifies } from '../../verifies.ts'
import type { Stage } from './stage.ts'

export type Proposed = { readonly code: number; readonly text: string; readonly file: string }

const init = ['init', '--from', 'deployment/ehr-mcp', '-n', 'clinic', '--name', 'proposed']

/** Reads the server, which nobody guards yet. */
export async function propose({ kubectl }: Clinic): Promise<Proposed> {
  const file = join(out, 'proposed.yaml')
  return { ...(await spawnedHipaaMcp([...init, '-o', file], kubectl.kubeconfig)), file }
}

export function firstPolicy(stage: Stage, proposed: () => Proposed): void {
  verifies(
    'minimum:first-policy',
    'of a deployment, over a port-forward: check and the operator’s admission take it as it stands',
    async () => {
      const { code, text, file } = proposed()
      const { kubectl } = stage()
      expect(code, text).toBe(0)
      const { spec } = parse(await readFile(file, 'utf8')) as HipaaMcpServer
      const checked = await spawnedHipaaMcp(['check', file])
      const tried = await kubectl.attempt(['apply', '-f', file, '--dry-run=server', '--validate=strict'])

      expect(text).toMatch(/^Reading deployment\/ehr-mcp through pod ehr-mcp-\S+, port 8080$/m)
      expect(spec.workload).toMatchObject({ port: 8080, path: '/mcp', transport: 'StreamableHttp' })
      expect(spec.tools.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['get_diagnosis', 'list_medications', 'check_coverage']),
      )
      expect(checked.code, checked.text).toBe(0)
      expect(tried, tried.stderr).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('created (server dry run)') as string,
        stderr: expect.not.stringContaining('Warning') as string,
      })
    },
  )

  verifies(
    'minimum:first-policy',
    'once the server is guarded nobody reads it so, and init says why',
    async () => {
      const { code, text } = await spawnedHipaaMcp(init, stage().kubectl.kubeconfig)

      expect(code, text).toBe(3)
      expect(text).toContain('The cluster forwards no port to pod clinic/ehr-mcp-')
      expect(text).not.toContain('kind: HipaaMcpServer')
    },
  )
}
