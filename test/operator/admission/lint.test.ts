import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { BusinessAssociateAgreement } from '../../../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { judgeLint } from '../../../operator/admission/lint.ts'
import { type Request, reviewOf, type Verdict } from '../../../operator/admission/review.ts'
import { policyErrors } from '../../../operator/policy-errors.ts'
import { aCleanAgreement, aCleanServer, context } from '../../core/lint/a-server.ts'
import { cases } from '../../core/lint/cases.ts'
import { verifies } from '../../verifies.ts'

type Spec = HipaaMcpServer['spec']

function aRequest(object: object, oldObject?: object, resource = 'hipaamcpservers'): Request {
  return {
    uid: 'u',
    operation: oldObject === undefined ? 'CREATE' : 'UPDATE',
    namespace: 'clinic',
    resource: { group: 'hipaa-mcp.dev', version: 'v1alpha1', resource },
    object,
    oldObject: oldObject ?? null,
  }
}
const judged = async (
  object: object,
  oldObject?: object,
  agreements: readonly BusinessAssociateAgreement[] = [],
): Promise<Verdict> => await judgeLint(aRequest(object, oldObject), async () => agreements, context.now)

const none = async (): Promise<BusinessAssociateAgreement[]> => []

const whole = (spec: Spec): void => {
  for (const tool of spec.tools.slice(0, 1)) tool.returns = { fields: [''] }
}
const development = (spec: Spec): void => void (spec.profile = 'Development')

describe('admission', () => {
  verifies('minimum:linter-admission', 'an error refuses, with place, rule and what to write', async () => {
    const verdict = await judged(aCleanServer(whole))

    expect(verdict).toMatchObject({ allowed: false })
    expect('message' in verdict && verdict.message).toMatch(
      /^hipaa-mcp: \/spec\/tools\/0\/returns\/fields\/0: get_diagnosis returns the whole document .*\(whole-record-unjustified\); write the fields/,
    )
  })

  verifies(
    'minimum:linter-admission',
    'a warning lets in, and comes back; a note and an accepted one do not',
    async () => {
      const warned = await judged(aCleanServer(development))
      const accepted = aCleanServer(development, 'profile-development: a cluster without patients')

      expect(warned).toEqual({
        allowed: true,
        warnings: [expect.stringMatching(/^hipaa-mcp: \/spec\/profile: .*\(profile-development\)/) as string],
      })
      expect(reviewOf('u', warned)).toMatchObject({
        response: { allowed: true, warnings: [expect.anything()] },
      })
      expect(await judged(accepted)).toEqual({ allowed: true })
      expect(await judged(aCleanServer((spec) => delete spec.identity.purpose))).toEqual({ allowed: true })
      expect(await judged(aCleanServer())).toEqual({ allowed: true })
    },
  )

  verifies(
    'minimum:linter-admission',
    'an error that was there before is a warning, a second one is not',
    async () => {
      const before = aCleanServer(whole)
      const moved = aCleanServer((spec) => {
        whole(spec)
        spec.tools.reverse()
      })
      const more = aCleanServer((spec) => {
        whole(spec)
        spec.trail = { retention: '1000d' }
      })

      expect(await judged(moved, before)).toMatchObject({ allowed: true, warnings: [expect.anything()] })
      const verdict = await judged(more, before)
      expect('message' in verdict && verdict.message).toContain('(retention-short)')
      expect('message' in verdict && verdict.message).not.toContain('(whole-record-unjustified)')
    },
  )

  verifies('minimum:linter-admission', 'a lockdown is never refused', async () => {
    const locked = aCleanServer((spec) => {
      whole(spec)
      spec.lockdown = { reason: 'a leak is looked into' }
    })

    expect(await judged(locked)).toMatchObject({ allowed: true, warnings: [expect.anything()] })
  })

  verifies(
    'minimum:linter-admission',
    'a lockdown lets no error in by being lifted, and stays in force until it is mended',
    async () => {
      const locked = aCleanServer((spec) => {
        whole(spec)
        spec.lockdown = { reason: 'a leak is looked into' }
      })
      const lockedFurther = aCleanServer((spec) => {
        whole(spec)
        spec.lockdown = { reason: 'still looked into' }
      })

      const lifted = await judged(aCleanServer(whole), locked)

      expect('message' in lifted && lifted.message).toContain('(whole-record-unjustified)')
      expect(await judged(lockedFurther, locked)).toMatchObject({ allowed: true })
      expect(await judged(aCleanServer(), locked)).toEqual({ allowed: true })
    },
  )

  test('knows the agreements of the cluster, and judges them as well', async () => {
    const server = aCleanServer((spec) => spec.network?.egress?.push({ baa: 'vendor' }))
    const over = aCleanAgreement({ expires: '2026-10-01T00:00:00Z' })

    expect(await judged(server)).toMatchObject({ warnings: [expect.stringContaining('agreement-missing')] })
    expect(await judged(server, undefined, [aCleanAgreement()])).toEqual({ allowed: true })
    expect(await judged(server, undefined, [over])).toMatchObject({
      warnings: [expect.stringContaining('agreement-inactive')],
    })
    expect(
      await judgeLint(aRequest(over, undefined, 'businessassociateagreements'), none, context.now),
    ).toMatchObject({ allowed: true, warnings: [expect.stringContaining('agreement-over')] })
  })

  test('no warning is longer than 256 bytes, nor are there more than six', async () => {
    const all: Spec[] = []
    const everything = aCleanServer((spec) => {
      for (const [rule, , change] of cases)
        if (!['policy-invalid', 'ingress-missing'].includes(rule)) change(spec)
      all.push(spec)
    })
    const { warnings = [] } = await judged(everything)
    const single = await Promise.all(
      cases.map(async ([, , change]) => (await judged(aCleanServer(change))).warnings ?? []),
    )

    expect(warnings).toHaveLength(6)
    expect(warnings.at(-1)).toMatch(/^hipaa-mcp: and \d+ more: hipaa-mcp check/)
    const lengths = [...warnings, ...single.flat()].map((text) => Buffer.byteLength(text))
    expect(lengths.length).toBeGreaterThan(50)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(256)
  })
})

verifies('minimum:linter-admission', 'what is refused shows in status where it came in all the same', () => {
  const server = aCleanServer(whole)

  expect(policyErrors(server)).toMatch(/whole-record-unjustified/)
  expect(policyErrors(aCleanServer(development))).toBeUndefined()
  for (const [, , change] of cases) {
    const made = aCleanServer(change)
    // Ready says the others, and locks.
    const says = policyErrors(made) ?? ''
    expect(says).not.toMatch(/policy-invalid|mfa-without-rule/)
  }
})

test('the webhook never stands in the way when the operator is away', () => {
  const [, validating] = parseAllDocuments(readFileSync('config/webhook/webhooks.yaml', 'utf8')).map(
    (document) => document.toJS() as { webhooks: { name: string; failurePolicy: string }[] },
  )

  expect(
    validating?.webhooks.filter(({ failurePolicy }) => failurePolicy === 'Ignore').map(({ name }) => name),
  ).toEqual(['policies.hipaa-mcp.dev'])
})
