// What stands for patient data in a test of every path that it can take, and how to look for it wherever it may not be.

import type { FromServer, Policy, Returns, TextRule } from '../../core/policy.ts'
import { aRole, aTool, someLimits } from './policy.ts'
import type { Scene } from './scene.ts'

/** A name that no detector knows, and identifiers of which every detector knows one. */
const name = 'Quistelbrunn'
export const identifiers = '219-09-9999 MRN-00481516'
export const mark = `${name} ${identifiers}`
/** The same as one plain word: what an id or a name of a program looks like. */
export const word = `${name}-MRN-00481516`

const ofIdentifiers = ['219-09-9999', '00481516']
const ofName = [name, name.toLowerCase(), Buffer.from(name).toString('base64').slice(0, 12)]

/** Which of the marks stand in what came out. `known`: those alone of which a detector knows the form. */
export function marksIn(text: string, known: 'all' | 'known' = 'all'): string[] {
  const read = text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
  return [...ofIdentifiers, ...(known === 'all' ? ofName : [])].filter((one) => read.includes(one))
}

/** Wherever nothing of a message may stand, whatever the policy says. */
export function kept({ trail, faults, watched }: Scene): string {
  return JSON.stringify([trail.entries, faults, watched])
}

const limits = someLimits({ callsPerMinute: 6000, patientsPerHour: 1000, resultBytes: 262_144 })

/** A policy in which everything exists, with one rule for every text that no field names. */
export function everything(text: TextRule): Partial<Policy> {
  const returns: Returns = { fields: ['/conditions/*/code'], patients: [], text, media: 'Drop' }
  return {
    fromServer: fromServer(text),
    roles: [aRole({ resources: ['labs'], prompts: ['summary'] })],
    tools: [aTool({ returns, limits, identifiers: 'Keep' })],
    resources: [
      {
        name: 'labs',
        uri: 'ehr://patients/{patient}/labs',
        description: 'Labs',
        patient: 'patient',
        subscribe: true,
        returns,
        limits,
      },
    ],
    prompts: [
      {
        name: 'summary',
        description: 'Summary of one patient',
        from: 'summarise_everything',
        arguments: {
          type: 'object',
          properties: { patient_id: { type: 'string' }, topic: { type: 'string' } },
        },
        patient: '/patient_id',
        bulk: 'Forbidden',
        identifiers: 'Keep',
        returns,
        limits,
      },
    ],
  }
}

function fromServer(text: TextRule): FromServer {
  return {
    progress: { text },
    logging: { text },
    sampling: { text },
    elicitation: { text, modes: ['form', 'url'], hosts: ['forms.example.org'] },
    completion: { text },
    roots: {},
    tasks: {},
    listChanged: {},
  }
}
