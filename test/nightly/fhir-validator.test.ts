// The exports before the HL7 validator (as HAPI FHIR 8.4 carries it): R4's own definitions, and the IHE BALP constraints of
// test/nightly/fhir-validator/balp.ts. `make nightly` installs it.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { auditEvents } from '../../core/export/audit-event.ts'
import type { FhirObject } from '../../core/export/fhir.ts'
import { named, someTold } from '../core/export/some-told.ts'
import { verifies } from '../verifies.ts'
import { balpResources } from './fhir-validator/balp.ts'

type Message = { event: number; severity: string; place: string; says: string }

/** What the validator says of these events. */
function judged(events: readonly FhirObject[]): Message[] {
  const home = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'hipaa-mcp/fhir-validator')
  const definitions = mkdtempSync(join(tmpdir(), 'hipaa-mcp-balp-'))
  try {
    for (const [file, resource] of Object.entries(balpResources))
      writeFileSync(join(definitions, file), JSON.stringify(resource))
    const classes = [join(home, 'classes'), join(home, 'libs/*')].join(':')
    const { stdout, stderr } = spawnSync('java', ['-cp', classes, 'Validate', definitions], {
      input: events.map((event) => `${JSON.stringify(event)}\n`).join(''),
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    })
    const lines = stdout.trimEnd().split('\n')
    if (lines.pop() !== `done\t${events.length}`) throw new Error(`The validator did not end: ${stderr}`)
    return lines.map((line) => {
      const [event, severity = '', place = '', says = ''] = line.split('\t')
      return { event: Number(event), severity, place, says }
    })
  } finally {
    rmSync(definitions, { recursive: true, force: true })
  }
}

const wrongIn = (messages: readonly Message[]): Message[] =>
  messages.filter(({ severity }) => severity === 'error' || severity === 'fatal')
const events = (): FhirObject[] => someTold().flatMap((told) => auditEvents(told, 'clinic/ehr', named))

verifies(
  'audit:exports',
  'FHIR: the HL7 validator finds no error in any event',
  () => {
    expect(wrongIn(judged(events()))).toEqual([])
  },
  300_000,
)

verifies(
  'audit:exports',
  'FHIR: the HL7 validator holds events to the BALP constraints that they name',
  () => {
    const event = events().find(({ meta }) =>
      JSON.stringify(meta ?? '').includes('PatientRead'),
    ) as FhirObject
    const [agent, entity] = [event['agent'], event['entity']] as [FhirObject[], FhirObject[]]
    const { network: _, ...client } = agent[0] as FhirObject
    const broken: readonly [string, FhirObject][] = [
      ['another action', { ...event, action: 'E' }],
      ['no success', { ...event, outcome: '8' }],
      ['no subtype', { ...event, subtype: undefined }],
      ['no client', { ...event, agent: agent.slice(1) }],
      ['a client without its network', { ...event, agent: [client, ...agent.slice(1)] }],
      ['no patient', { ...event, entity: entity.slice(0, -1) }],
      ['no data', { ...event, entity: entity.slice(1) }],
      ['a member that is none', { ...event, purpose: 'TREAT' }],
    ]

    const found = new Set(wrongIn(judged(broken.map(([, each]) => each))).map((message) => message.event))

    expect(broken.flatMap(([name], at) => (found.has(at) ? [] : [name]))).toEqual([])
  },
  300_000,
)
