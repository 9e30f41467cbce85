// What the server may send or ask besides answers.

import { at, type Found, type ServerRule } from './finding.ts'

export const messageRules: readonly ServerRule[] = [
  {
    id: 'sampling-without-agreement',
    severity: 'warning',
    control: 'agreement',
    about: 'fromServer.sampling without an agreement.',
    why: 'Its texts go to the vendor of the callers’ model. Without an agreement a missed identifier is a disclosure.',
    find: ({ spec }) => {
      const { sampling } = spec.fromServer ?? {}
      return sampling !== undefined && sampling.agreement === undefined
        ? [
            {
              place: '/spec/fromServer/sampling',
              subject: 'fromServer/sampling',
              found: 'the server may ask the callers’ model, and nobody has an agreement with its vendor',
              write: 'agreement: the BusinessAssociateAgreement with that vendor, or no sampling',
            },
          ]
        : []
    },
  },
  {
    id: 'elicitation-hosts',
    severity: 'warning',
    control: 'transmission',
    about:
      'Elicitation by url that names no host, names hosts that no agreement covers, or names hosts without mode url.',
    why: 'The person is sent there, and types there what the server asks: it is a way out of the product’s sight.',
    find: ({ spec }, { agreements, complete }) => {
      const { elicitation } = spec.fromServer ?? {}
      if (elicitation === undefined) return []
      const { modes = ['form'], hosts = [] } = elicitation
      if (!modes.includes('url'))
        return hosts.length === 0
          ? []
          : [elicits('hosts are listed, and mode url is not', 'no hosts, or modes: [form, url]', 'hosts')]
      if (hosts.length === 0)
        return [
          elicits(
            'mode url names no host, so every address is refused',
            'hosts: [forms.clinic.example.org]',
            'modes',
          ),
        ]
      const covered = new Set(agreements.flatMap(({ spec: { hosts: theirs } }) => theirs))
      return hosts.flatMap((host, index) =>
        covered.has(host)
          ? []
          : [
              elicits(
                `people are sent to ${host}, which no agreement ${complete ? '' : 'in these files '}covers`,
                'hosts of your own, or an agreement that lists the host; accept the finding where the host is yours',
                'hosts',
                index,
              ),
            ],
      )
    },
  },
  {
    id: 'completion-on',
    severity: 'note',
    control: 'minimumNecessary',
    about: 'fromServer.completion is on.',
    why: 'Completing an argument lists values that begin alike: of a patient argument these are patients.',
    find: ({ spec }) =>
      spec.fromServer?.completion === undefined
        ? []
        : [
            {
              place: '/spec/fromServer/completion',
              subject: 'fromServer/completion',
              found: 'the server may complete arguments',
              write: 'no completion, unless its values are codes',
            },
          ],
  },
]

function elicits(found: string, write: string, ...place: (string | number)[]): Found {
  return {
    place: at('spec', 'fromServer', 'elicitation', ...place),
    subject: 'fromServer/elicitation',
    found,
    write,
  }
}
