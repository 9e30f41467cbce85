// How much of it one person may have.

import { secondsIn } from '../duration.ts'
import { at, type Found, type ServerRule } from './finding.ts'
import { partsOf } from './parts.ts'

/** As crds/hipaamcpserver.yaml has them. */
const defaults = {
  callsPerMinute: 60,
  callsPerPatientPerHour: 120,
  patientsPerHour: 30,
  records: 100,
  resultBytes: 262_144,
  resultBytesPerHour: 8_388_608,
} as const
type Limit = keyof typeof defaults
/** From here on a limit is said to be far above its default. */
const factor = 4

const hour = 3600

export const limitRules: readonly ServerRule[] = [
  {
    id: 'limits-wide',
    severity: 'warning',
    control: 'minimumNecessary',
    about:
      'A limit more than four times its default: 60 calls a minute, 30 patients an hour, 262144 bytes a result.',
    why: 'A limit is what stops a stolen session or a runaway agent after minutes instead of a shift.',
    find: ({ spec }) =>
      partsOf(spec).flatMap(({ name, subject, place, limits = {} }) =>
        (Object.keys(defaults) as Limit[]).flatMap((limit): Found[] => {
          const value = limits[limit]
          return value === undefined || value <= defaults[limit] * factor
            ? []
            : [
                {
                  place: `${place}${at('limits', limit)}`,
                  subject,
                  found: `${name} has ${limit} ${value}, the default is ${defaults[limit]}`,
                  write: `${limit}: ${defaults[limit]}, or what hipaa-mcp check --trail shows to be used`,
                },
              ]
        }),
      ),
  },
  {
    id: 'limits-unset',
    severity: 'note',
    control: 'minimumNecessary',
    about: 'A tool, resource or prompt without limits of its own.',
    why: 'The defaults hold: 60 calls a minute, 30 patients an hour, 262144 bytes a result. A rare question needs fewer.',
    find: ({ spec }) =>
      partsOf(spec)
        // The API server writes the defaults' object where a person wrote none.
        .filter(({ limits }) => limits === undefined || Object.keys(limits).length === 0)
        .map(({ name, subject, place }) => ({
          place,
          subject,
          found: `${name} sets no limits`,
          write: 'limits: {callsPerMinute: 20, patientsPerHour: 10, resultBytes: 65536}',
        })),
  },
  {
    id: 'breach-rule-wide',
    severity: 'warning',
    control: 'breach',
    about:
      'breach.rules that are empty, or that take more than 500 patients of one person in an hour for nothing unusual.',
    why: 'The clock of the breach rule runs from the day on which it could have been known.',
    find: ({ spec }) => {
      const rules = spec.breach?.rules
      if (rules === undefined) return []
      if (rules.length === 0)
        return [
          {
            place: '/spec/breach/rules',
            found: 'no pattern of access raises a signal',
            write: 'rules: [{distinctPatients: 100, per: 1h}], which is the default',
          },
        ]
      return rules.flatMap(({ distinctPatients, per }, index): Found[] =>
        distinctPatients / hoursIn(per) > 500
          ? [
              {
                place: at('spec', 'breach', 'rules', index, 'distinctPatients'),
                found: `a signal comes only after ${distinctPatients} patients within ${per}`,
                write: '{distinctPatients: 100, per: 1h}, which is the default',
              },
            ]
          : [],
      )
    },
  },
]

function hoursIn(per: string): number {
  return (secondsIn(per) ?? hour) / hour
}
