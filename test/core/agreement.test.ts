import fc from 'fast-check'
import { expect, test } from 'vitest'
import { standing, turnsOf } from '../../core/agreement.ts'
import { modelVendorNames, modelVendorOf, modelVendors } from '../../core/model-vendors.ts'
import type { BusinessAssociateAgreement } from '../../crds/businessassociateagreement.generated.ts'
import { anAgreement, now } from '../operator/world.ts'
import { verifies } from '../verifies.ts'

type Model = NonNullable<BusinessAssociateAgreement['spec']['model']>
const hour = 3_600_000
const words = (text: string): string[] => text.split(' ')
const time = (offset: number): string => new Date(now + offset).toISOString()
const ofModel = (attested?: Model['attested']) =>
  anAgreement('openai', { model: { vendor: 'OpenAI', ...(attested === undefined ? {} : { attested }) } })

verifies('agreement:attested', 'an account at a model’s vendor that nobody attested is closed', () => {
  expect(standing(ofModel(), now)).toMatchObject({ active: false, reason: 'NotAttested' })
})

verifies('agreement:attested', 'what was attested counts for its time, and not a moment longer', () => {
  const agreement = ofModel({ at: time(-hour), maxAge: '2h' })

  expect(standing(agreement, now)).toMatchObject({ active: true, reason: 'Active', until: now + hour })
  expect(standing(agreement, now + hour - 1).active).toBe(true)
  expect(standing(agreement, now + hour)).toMatchObject({ active: false, reason: 'AttestationStale' })
  expect(turnsOf(agreement)).toContain(now + hour)
  // Ninety days, unless said.
  expect(standing(ofModel({ at: time(-90 * 24 * hour + 1) }), now).active).toBe(true)
  expect(standing(ofModel({ at: time(-90 * 24 * hour) }), now).active).toBe(false)
})

test('an attestation from the future, or with no time, attests nothing', () => {
  for (const attested of [{ at: time(1) }, { at: 'yesterday' }, { at: time(-hour), maxAge: 'long' }])
    expect(standing(ofModel(attested), now), JSON.stringify(attested)).toMatchObject({
      active: false,
      reason: 'AttestationStale',
    })
})

test('whatever the dates, an agreement is active only between them, and until says when it ends', () => {
  const offset = fc.integer({ min: -1_000_000, max: 1_000_000 })
  fc.assert(
    fc.property(offset, offset, offset, (from, to, at) => {
      const agreement = {
        ...ofModel({ at: time(at), maxAge: '1h' }),
        spec: { ...ofModel({ at: time(at), maxAge: '1h' }).spec, effective: time(from), expires: time(to) },
      }
      const { active, until } = standing(agreement, now)
      expect(active).toBe(from <= 0 && to > 0 && at <= 0 && at + hour > 0)
      if (active) expect(until).toBe(now + Math.min(to, at + hour))
    }),
  )
})

test('vendors are known by their hosts, and only by those', () => {
  for (const [host, vendor] of [
    ['api.openai.com', 'OpenAI'],
    ['eu.api.openai.com', 'OpenAI'],
    ['api.anthropic.com', 'Anthropic'],
    ['clinic.openai.azure.com', 'AzureOpenAI'],
    ['*.openai.azure.com', 'AzureOpenAI'],
    ['bedrock-runtime-fips.us-east-1.amazonaws.com', 'Bedrock'],
    ['us-central1-aiplatform.googleapis.com', 'Vertex'],
    ['generativelanguage.googleapis.com', undefined],
    ['api.openai.com.evil.example', undefined],
    ['apixanthropic.com', undefined],
  ] as const)
    expect(modelVendorOf(host), host).toBe(vendor)
})

test('no endpoint of the table lets a member in that makes the vendor keep or fetch anything', () => {
  const never = [
    ...words('mcp_servers container context_management diagnostics background conversation'),
    ...words('previous_response_id prompt metadata web_search_options data_sources cachedContent'),
    ...words('requestMetadata additionalModelRequestFields labels prompt_cache_retention functions'),
  ]
  for (const vendor of modelVendorNames)
    for (const { members } of modelVendors[vendor].endpoints)
      expect(
        members.filter((member) => never.includes(member)),
        vendor,
      ).toEqual([])
})
