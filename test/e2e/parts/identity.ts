// Who may call, seen on a pod: clients outside of the cluster are bound to a certificate, step up, and prove a key, each
// with tokens of the identity provider's pod.

import { expect } from 'vitest'
import type { Session } from '../../../cli/connect/state.ts'
import { until } from '../../demo/kubectl.ts'
import { connectClient } from '../../sample/accounts.ts'
import type { AgentOptions } from '../../sample/agent.ts'
import type { ClientTls, SignInOptions } from '../../sample/sign-in.ts'
import { filesIn } from '../../support/machine.ts'
import { aProver } from '../../support/proofs.ts'
import { verifies } from '../../verifies.ts'
import { aHost } from './connect.ts'
import { diagnosis, followed, patient_id, raw, reasonOf, tokenOver } from './identity-clients.ts'
import { discovery, name, type Outside, url } from './outside.ts'
import { ofKind, type Stage, verifiedTrail } from './stage.ts'
import { patients } from './stdio-ehr.ts'

const coded = { conditions: patients[5]?.conditions.map(({ code }) => ({ code })) }

export function identity(stage: Stage, outside: () => Outside): void {
  /** The machine that the later tests call from: its certificate, and a token that is bound to it. */
  let own: { tls: Required<ClientTls>; token: string } | undefined
  const first = () => {
    if (own === undefined) throw new Error('No machine has a certificate: see the first test')
    return own
  }
  /** Thumbprint of the key that proofs were signed with. */
  let key = ''
  /** When each part of this ran: what the trail says of it is looked at once, at the end. */
  const times = new Map<string, { from: string; until: string }>()
  const timed = async (part: string, work: () => Promise<void>): Promise<void> => {
    const from = new Date().toISOString()
    await work()
    times.set(part, { from, until: new Date().toISOString() })
  }

  verifies(
    'authentication:bound',
    'a token of one machine is nothing on another of the same person',
    async () => {
      const there = outside()
      const { ca, hosts } = there
      const login = async () => {
        const state = there.folder()
        const { code, notes } = await there.ran(state, there.person(), '--login')
        expect(code, notes).toBe(0)
        const { certificate: cert, key, tokens } = JSON.parse(filesIn(state)[0]?.text ?? '') as Session
        return { tls: { cert, key, ca, hosts }, token: tokens.access }
      }
      const [one, other] = await Promise.all([login(), login()])
      own = one

      await timed('bound', async () => {
        const served = [await diagnosis(one.tls, one), await diagnosis(other.tls, other)]
        const stolen = await diagnosis(other.tls, { token: one.token })
        const bare = await diagnosis({ ca, hosts }, { token: one.token })

        expect(served.map(reasonOf)).toEqual(['served', 'served'])
        expect(!stolen.ok && [stolen.status, reasonOf(stolen)]).toEqual([401, 'token-unbound'])
        // TLS ends it: there is nobody to answer to.
        expect(bare).toMatchObject({ ok: false, says: 'no answer' })
      })
    },
  )

  const tooLittle: { when: string; login: Partial<SignInOptions>; reason: string }[] = [
    { when: 'a login by password alone', login: { mfa: false }, reason: 'mfa-missing' },
    { when: 'a login of eleven hours ago', login: { secondsAgo: 40_000 }, reason: 'mfa-too-old' },
  ]
  for (const { when, login, reason } of tooLittle)
    verifies(
      'authentication:step-up',
      `an official client follows the challenge to success: ${when}`,
      async () => {
        const { tls } = first()
        const client = connectClient.id
        await timed(reason, async () => {
          const refused = await diagnosis(tls, { token: await tokenOver(tls, { client, ...login }) })

          const { challenge = '', status = 0 } = refused.ok ? {} : refused
          expect([status, reasonOf(refused)]).toEqual([401, reason])
          expect(challenge).toBe(
            'Bearer error="insufficient_user_authentication", ' +
              'acr_values="mfa http://schemas.openid.net/pape/policies/2007/06/multi-factor", max_age="28800", ' +
              `scope="ehr.read", resource_metadata="${discovery}/.well-known/oauth-protected-resource/mcp"`,
          )
          // Nothing but what the challenge says is known to the client from here on.
          const token = await tokenOver(tls, { client, ...(await followed(challenge, tls)) })
          expect(reasonOf(await diagnosis(tls, { token }))).toBe('served')
        })
      },
    )

  verifies(
    'authentication:dpop',
    'an official client gets the nonce and is served; what is stolen is not',
    async () => {
      const { tls, token: bound } = first()
      const [prover, other] = [await aProver(url), await aProver(url)]
      const token = await tokenOver(tls, {
        proof: async (htu) => await prover.proof('', undefined, { htu, ath: undefined }),
      })
      const rounds: (string | undefined)[] = []
      const proof: NonNullable<AgentOptions['proof']> = async ({ method, nonce, token: of }) => {
        rounds.push(nonce)
        return await prover.proof(of, nonce, { htm: method })
      }
      await outside().patch({ identity: { binding: 'DPoP' } })

      await timed('dpop', async () => {
        const served = await until('DPoP is in force', 30, async () => {
          rounds.length = 0
          const seen = await diagnosis(tls, { token, proof })
          return seen.ok ? seen : undefined
        })

        expect(served.result.structuredContent).toMatchObject(coded)
        // The first was refused for want of one; every other had the server's.
        expect(rounds.slice(0, 2)).toEqual([undefined, expect.stringMatching(/.{16}/)])
        const nonce = rounds.at(-1)
        const once = await prover.proof(token, nonce)
        const authorization = `DPoP ${token}`
        expect({
          fresh: await raw(tls, { authorization, dpop: once }),
          again: await raw(tls, { authorization, dpop: once }),
          without: await raw(tls, { authorization }),
          'of another key': await raw(tls, { authorization, dpop: await other.proof(token, nonce) }),
          'of another token': await raw(tls, { authorization, dpop: await prover.proof(bound, nonce) }),
          'as Bearer': await raw(tls, { authorization: `Bearer ${token}` }),
          'bound to the certificate': await raw(tls, {
            authorization: `DPoP ${bound}`,
            dpop: await prover.proof(bound, nonce),
          }),
        }).toEqual({
          fresh: [200, 'served'],
          again: [401, 'proof-replayed'],
          without: [401, 'proof-missing'],
          'of another key': [401, 'proof-refused'],
          'of another token': [401, 'proof-refused'],
          'as Bearer': [401, 'token-missing'],
          'bound to the certificate': [401, 'token-unbound'],
        })
        key = prover.jkt
      })
    },
  )
  verifies(
    'authentication:connect',
    'of a server that binds by DPoP, from outside of the cluster',
    async () => {
      const there = outside()
      await timed('connect', async () => {
        const { client } = await aHost(
          there,
          there.folder(),
          there.person(),
          '--client-id',
          connectClient.dpopId,
        )

        const { structuredContent } = await client.callTool({
          name: 'get_diagnosis',
          arguments: { patient_id },
        })
        await client.close()

        expect(structuredContent).toMatchObject(coded)
      })
      await there.patch({ identity: { binding: 'Certificate' } })
    },
  )

  verifies(
    'audit:refusals',
    'of all this: who was refused and why, and what proved who was served',
    async () => {
      const { records } = await verifiedTrail(stage(), 'identity', `clinic/${name}`)
      const during = (part: string) => {
        const { from, until: to } = times.get(part) ?? { from: '', until: '' }
        const seen = records.filter(({ at }) => at >= from && at <= to)
        return {
          served: ofKind(seen, 'intent').filter(({ tool }) => tool === 'get_diagnosis'),
          // An official client asks for a stream of its own, which a stdio server has not.
          refused: ofKind(seen, 'refusal').filter(({ reason }) => reason !== 'method-not-allowed'),
        }
      }
      const [bound, dpop, connected] = [during('bound'), during('dpop'), during('connect')]

      expect(new Set(bound.served.map(({ who }) => who.certificate)).size).toBe(2)
      expect(bound.refused.map(({ reason, peer }) => [reason, peer.includes(outside().address)])).toEqual([
        ['token-unbound', true],
      ])
      for (const { reason } of tooLittle) {
        const { served, refused } = during(reason)
        expect(refused.map((one) => one.reason)).toEqual([reason])
        const { sub, mfa } = served[0]?.who ?? {}
        expect([served.length, sub, mfa?.rule, mfa?.value]).toEqual([1, 'clinician', 'generic-acr', 'mfa'])
        expect(Math.abs(Date.parse(served[0]?.at ?? '') / 1000 - (mfa?.authTime ?? 0))).toBeLessThan(60)
      }
      expect(dpop.served.map(({ who }) => who.key)).toEqual([key, key])
      const reasons = dpop.refused.map(({ reason }) => reason)
      for (const reason of [
        'proof-nonce',
        'proof-replayed',
        'proof-missing',
        'token-missing',
        'token-unbound',
      ])
        expect(reasons).toContain(reason)
      expect(reasons.filter((reason) => reason === 'proof-refused')).toHaveLength(2)
      expect(connected.served.map(({ who }) => [who.sub, who.key?.length, who.key === key])).toEqual([
        ['clinician', 43, false],
      ])
    },
  )
}
