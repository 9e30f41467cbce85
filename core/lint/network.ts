// What the server reaches, who reaches it, and where records rest.

import { agreementsNamed, standing } from '../agreement.ts'
import { at, type Context, type Found, type ServerRule, type Spec } from './finding.ts'

/** Each place at which a server names an agreement. */
function namedAgreements({ network, fromServer }: Spec): { name: string; place: string; subject?: string }[] {
  const egress = (network?.egress ?? []).flatMap(({ baa }, index) =>
    baa === undefined ? [] : [{ name: baa, place: at('spec', 'network', 'egress', index, 'baa') }],
  )
  const agreement = fromServer?.sampling?.agreement
  return agreement === undefined
    ? egress
    : [
        ...egress,
        { name: agreement, place: '/spec/fromServer/sampling/agreement', subject: 'fromServer/sampling' },
      ]
}

export const networkRules: readonly ServerRule[] = [
  {
    id: 'agreement-missing',
    severity: 'warning',
    control: 'agreement',
    about: 'An egress or sampling names an agreement that is not there.',
    why: 'Nothing goes there until it is: a business associate needs a signed contract first.',
    find: ({ spec }, { agreements, complete }) =>
      namedAgreements(spec).flatMap(({ name, ...where }): Found[] =>
        agreements.some(({ metadata }) => metadata.name === name)
          ? []
          : [
              {
                ...where,
                found: complete
                  ? `there is no BusinessAssociateAgreement ${name}`
                  : `no file here holds BusinessAssociateAgreement ${name}`,
                write: complete
                  ? 'the agreement, with counterparty, hosts, dates and the hash of the signed document'
                  : 'give its file as well: hipaa-mcp check server.yaml agreement.yaml',
              },
            ],
      ),
  },
  {
    id: 'agreement-inactive',
    severity: 'warning',
    control: 'agreement',
    about: 'An egress or sampling names an agreement that is over or not yet in force.',
    why: 'The way is closed; PHI may go to a business associate only while its contract holds.',
    find: ({ spec }, context) =>
      namedAgreements(spec).flatMap(({ name, ...where }): Found[] => {
        const reason = inactive(name, context)
        return reason === undefined
          ? []
          : [
              {
                ...where,
                found: `agreement ${name} is ${reason === 'Expired' ? 'over' : 'not yet in force'}`,
                write:
                  'the dates of the renewed contract in spec.effective and spec.expires, or no such entry',
              },
            ]
      }),
  },
  {
    id: 'ingress-anywhere',
    severity: 'warning',
    control: 'transmission',
    about: 'An ingress of all addresses, or of more than a /8 (IPv6: /16).',
    why: 'A client certificate is demanded all the same, but nothing else stands before the port.',
    find: ({ spec }) =>
      (spec.network?.ingress ?? []).flatMap(({ cidr }, index): Found[] => {
        if (cidr === undefined) return []
        const width = Number(cidr.split('/')[1])
        return width >= (cidr.includes(':') ? 16 : 8)
          ? []
          : [
              {
                place: at('spec', 'network', 'ingress', index, 'cidr'),
                found: `${cidr} lets in most of the network`,
                write: 'cidr: the range of your people’s machines or of the load balancer',
              },
            ]
      }),
  },
  {
    id: 'ingress-whole-namespace',
    severity: 'note',
    control: 'transmission',
    about: 'An ingress of a whole namespace.',
    why: 'Every pod there may open connections; only the agents need to.',
    find: ({ spec }) =>
      (spec.network?.ingress ?? []).flatMap(({ namespace, podSelector }, index): Found[] =>
        namespace === undefined || Object.keys(podSelector?.matchLabels ?? {}).length > 0
          ? []
          : [
              {
                place: at('spec', 'network', 'ingress', index),
                found: `every pod of namespace ${namespace} reaches the server`,
                write: `{namespace: ${namespace}, podSelector: {matchLabels: {app: agent}}}`,
              },
            ],
      ),
  },
  {
    id: 'ingress-missing',
    severity: 'note',
    control: 'transmission',
    about: 'No network.ingress: nobody reaches the server.',
    why: 'The strict default, and rarely what is meant.',
    find: ({ spec }) =>
      (spec.network?.ingress ?? []).length > 0
        ? []
        : [
            {
              place: '/spec',
              found: 'nobody reaches the server',
              write: 'network: {ingress: [{namespace: agents, podSelector: {matchLabels: {app: agent}}}]}',
            },
          ],
  },
  {
    id: 'logs-unwatched',
    severity: 'warning',
    control: 'transmission',
    about: 'workload.logs.watch Off: nobody looks for identifiers in what the server itself logs.',
    why: 'Logs are read by more people than records are, and go to more systems; a server that prints a name does so for years.',
    find: ({ spec }) =>
      spec.workload.logs?.watch === 'Off'
        ? [
            {
              place: '/spec/workload/logs/watch',
              found: 'the logs of the server are not watched',
              write: 'watch: Sampled, which is the default',
            },
          ]
        : [],
  },
  {
    id: 'stores-undeclared',
    severity: 'note',
    control: 'encryptionAtRest',
    about: 'No store is declared and nothing is reached: where records rest is not said.',
    why: 'Encryption is looked at where stores are declared; records that lie in the server’s own files are seen only as its volumes.',
    find: ({ spec }) =>
      (spec.stores ?? []).length > 0 || agreementsNamed(spec).size > 0
        ? []
        : [
            {
              place: '/spec',
              found: 'no store is declared, and the server reaches nothing',
              write: 'stores: [{name: db, pods: {matchLabels: {app: ehr-db}}, port: 5432}] and its egress',
            },
          ],
  },
  {
    id: 'store-elsewhere',
    severity: 'error',
    control: 'agreement',
    about: 'The host of a store that can be no Service of the cluster.',
    why: 'A store is pods of this namespace. What is elsewhere is a third party’s, which needs an agreement, and is not reached without.',
    find: ({ spec }) =>
      (spec.network?.egress ?? []).flatMap(({ store, host }, index): Found[] =>
        store === undefined || host === undefined || service.test(host)
          ? []
          : [
              {
                place: at('spec', 'network', 'egress', index, 'host'),
                found: `${host} is no Service of the cluster`,
                write:
                  'host: ehr-db, the Service of the store’s pods; or baa: the agreement with whoever runs it',
              },
            ],
      ),
  },
  {
    id: 'store-unreached',
    severity: 'note',
    control: 'encryptionAtRest',
    about: 'A store that no egress names.',
    why: 'The server cannot reach it: it is declared for nothing, or the egress was forgotten.',
    find: ({ spec }) =>
      (spec.stores ?? []).flatMap(({ name, port }, index): Found[] =>
        (spec.network?.egress ?? []).some(({ store }) => store === name)
          ? []
          : [
              {
                place: at('spec', 'stores', index),
                subject: `stores/${name}`,
                found: `nothing reaches store ${name}`,
                write: `network: {egress: [{store: ${name}, host: ehr-db, protocol: Postgres, tls: {ca: {pem: …}}}]} for port ${port}`,
              },
            ],
      ),
  },
]

/** A Service, by itself or up to its full name. Which domain is the cluster's, the sidecar knows. */
const service = /^[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}(?:\.svc(?:\.[a-z0-9.-]+)?)?)?$/

function inactive(name: string, { agreements, now }: Context): string | undefined {
  const agreement = agreements.find(({ metadata }) => metadata.name === name)
  if (agreement === undefined) return undefined
  const { active, reason } = standing(agreement, now)
  return active ? undefined : reason
}
