// What the API server of the test's cluster wrote into its audit log, by config/audit/policy.yaml.

import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { running } from '../cluster/cluster.ts'
import { auditLogOf } from '../cluster/control-plane.ts'
import type { Answer } from './api.ts'

/** Of audit.k8s.io/v1, what is looked at. */
export type AuditEvent = {
  auditID: string
  verb: string
  user: { username: string }
  impersonatedUser?: { username: string }
  objectRef?: { apiGroup?: string; resource: string; subresource?: string; namespace?: string }
  responseStatus?: { code: number }
  requestObject?: { spec?: { resourceAttributes?: object } }
  responseObject?: { status?: { allowed?: boolean } }
  annotations?: { readonly [name: string]: string }
}

const id = /"auditID":"([^"]+)"/

/** By their ids, what was written at the end of each of these requests. What is not there is left out. */
export async function auditOf(asked: readonly { answer: Answer }[]): Promise<Map<string, AuditEvent>> {
  const wanted = new Set(asked.map(({ answer }) => answer.auditId))
  const folder = dirname(auditLogOf((await running()).state))
  const found = new Map<string, AuditEvent>()
  for (const file of (await readdir(folder)).filter((name) => /^audit.*\.log$/.test(name)))
    for await (const line of createInterface({ input: createReadStream(join(folder, file)) })) {
      if (!wanted.has(id.exec(line)?.[1])) continue
      const event = JSON.parse(line) as AuditEvent & { stage: string }
      if (event.stage === 'ResponseComplete') found.set(event.auditID, event)
    }
  return found
}
