// Who may call: how old a login may be, what is not checked, what is open besides.

import { secondsIn } from '../duration.ts'
import { at, type Found, type ServerRule } from './finding.ts'

const hour = 3600

/** A finding when a duration is longer than an hour count; one that is left out has its default, which is not. */
function longer(
  text: string | undefined,
  hours: number,
  place: string,
  says: { found: (text: string) => string; write: string },
): Found[] {
  if (text === undefined || (secondsIn(text) ?? 0) <= hours * hour) return []
  return [{ place, found: says.found(text), write: says.write }]
}

export const identityRules: readonly ServerRule[] = [
  {
    id: 'mfa-without-rule',
    severity: 'error',
    control: 'authentication',
    about: 'An issuer of provider Generic or Ping that lists no acr or amr value.',
    why: 'Nothing of such a token proves a second factor: the server locks, with reason NoMfaRule.',
    find: ({ spec }) =>
      spec.identity.issuers.flatMap(({ url, provider, mfa }, index): Found[] =>
        (provider === 'Generic' || provider === 'Ping') && !mfa?.acr?.length && !mfa?.amr?.length
          ? [
              {
                place: at('spec', 'identity', 'issuers', index),
                found: `issuer ${url} says by no value that there was more than one factor`,
                write: 'mfa: {acr: [the value that your issuer gives for MFA]}, or amr: [hwk]',
              },
            ]
          : [],
      ),
  },
  {
    id: 'mfa-old',
    severity: 'warning',
    control: 'authentication',
    about: 'identity.mfa.maxAge over 12 hours.',
    why: 'A login outlives the shift: whoever sits down at the machine afterwards is the person before.',
    find: ({ spec }) =>
      longer(spec.identity.mfa?.maxAge, 12, '/spec/identity/mfa/maxAge', {
        found: (text) => `a second factor counts for ${text}`,
        write: 'maxAge: 8h, which is the default',
      }),
  },
  {
    id: 'session-long',
    severity: 'warning',
    control: 'automaticLogoff',
    about: 'identity.sessions.idle over half an hour, or absolute over 12 hours.',
    why: 'A session must end by itself after a time without activity.',
    find: ({ spec }) => [
      ...longer(spec.identity.sessions?.idle, 0.5, '/spec/identity/sessions/idle', {
        found: (text) => `a session ends only after ${text} without a call`,
        write: 'idle: 15m, which is the default',
      }),
      ...longer(spec.identity.sessions?.absolute, 12, '/spec/identity/sessions/absolute', {
        found: (text) => `a session lasts for ${text}`,
        write: 'absolute: 12h, which is the default',
      }),
    ],
  },
  {
    id: 'training-unchecked',
    severity: 'warning',
    control: 'training',
    about: 'identity.training is left out.',
    why: 'That everybody was trained must be shown; status has the gap Training, and the server is never Compliant.',
    find: ({ spec }) =>
      spec.identity.training === undefined
        ? [
            {
              place: '/spec/identity',
              found: 'nobody asks when a caller was trained',
              write: 'training: {claim: /hipaa_training_date}, the date as your issuer gives it',
            },
          ]
        : [],
  },
  {
    id: 'purpose-unproved',
    severity: 'note',
    control: 'audit',
    about: 'identity.purpose is left out: the purpose of use is what the request says.',
    why: 'The program that asks chooses its purpose, out of those of its role.',
    find: ({ spec }) =>
      spec.identity.purpose === undefined
        ? [
            {
              place: '/spec/identity',
              found: 'no claim of the token says the purpose',
              write: 'purpose: {claim: /purpose_of_use}, where your issuer knows it',
            },
          ]
        : [],
  },
  {
    id: 'profile-development',
    severity: 'warning',
    control: 'audit',
    about: 'profile: Development.',
    why: 'File keys and no archive lock: records could be lost or changed by whoever has the disk. It is never Compliant.',
    find: ({ spec }) =>
      spec.profile === 'Development'
        ? [
            {
              place: '/spec/profile',
              found: 'the profile is the one for development',
              write: 'profile: Production, which is the default, wherever patients are real',
            },
          ]
        : [],
  },
  {
    id: 'tls-old',
    severity: 'warning',
    control: 'encryptionInTransit',
    about: 'tls.minVersion 1.2.',
    why: 'TLS 1.3 hides the certificates of a handshake, and has no weak suites to choose.',
    find: ({ spec }) =>
      spec.tls?.minVersion === '1.2'
        ? [
            {
              place: '/spec/tls/minVersion',
              found: 'TLS 1.2 is spoken',
              write: 'minVersion: "1.3", which is the default',
            },
          ]
        : [],
  },
  {
    id: 'discovery-unneeded',
    severity: 'note',
    control: 'transmission',
    about: 'tls.discovery where every caller is a pod of the cluster, or certificates come from another CA.',
    why: 'A port without client certificates is open to all; it is for people’s hosts, which enrol there or look for the issuer.',
    find: ({ spec }) => {
      const fromOutside = (spec.network?.ingress ?? []).some(({ cidr }) => cidr !== undefined)
      if (spec.tls?.discovery === undefined || (fromOutside && spec.tls.clientCa === undefined)) return []
      return [
        {
          place: '/spec/tls/discovery',
          found: fromOutside
            ? 'a port without client certificates is open, and nobody enrols there'
            : 'a port without client certificates is open, and no caller comes from outside of the cluster',
          write: 'no discovery, unless hosts of people look for the issuer there (RFC 9728)',
        },
      ]
    },
  },
  {
    id: 'retention-short',
    severity: 'error',
    control: 'retention',
    about: 'trail.retention under 2192 days.',
    why: 'What shows compliance is kept for six years.',
    find: ({ spec }) => {
      const { retention } = spec.trail ?? {}
      return retention !== undefined && (secondsIn(retention) ?? 0) < 2192 * 24 * hour
        ? [
            {
              place: '/spec/trail/retention',
              found: `records are kept for ${retention}`,
              write: 'retention: 2192d, which is the default',
            },
          ]
        : []
    },
  },
]
