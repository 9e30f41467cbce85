import { expect, test } from 'vitest'
import { uriTemplate } from '../../core/uri-template.ts'

const labs = uriTemplate('ehr://patients/{patient}/labs')

test('a URI of the template gives the values of its variables', () => {
  expect(labs.variables).toEqual(['patient'])
  expect([...(labs.match('ehr://patients/p-17/labs') ?? [])]).toEqual([['patient', 'p-17']])
})

test.each([
  'ehr://patients/p-17/labs/more',
  'ehr://patients/p-17/notes',
  'ehr://patients/a/b/labs',
  'ehr://patients/../labs',
  'ehr://patients/%2e%2e/labs',
  'ehr://patients//labs',
  'ehr://patients/p-17/labs?patient=p-18',
  'ehr://patients/p-17/labs\n',
  'EHR://patients/p-17/labs',
  'xehr://patients/p-17/labs',
])('%j is none of it', (uri) => {
  expect(labs.match(uri)).toBeUndefined()
})

test('a URI without variables matches itself and nothing else', () => {
  const one = uriTemplate('ehr://formulary.v1')

  expect(one.match('ehr://formulary.v1')).toEqual(new Map())
  expect(one.match('ehr://formularyXv1')).toBeUndefined()
})

test('a character that means something in a pattern means itself', () => {
  const one = uriTemplate(String.raw`a://\d.+(x)^$|*[1]/{id}`)

  expect(one.match(String.raw`a://\d.+(x)^$|*[1]/p-1`)).toEqual(new Map([['id', 'p-1']]))
  expect(one.match('a://7.+(x)^$|*[1]/p-1')).toBeUndefined()
})

test.each(['a://{+path}', 'a://{x', 'a://x}', 'a://{x}/{x}', 'a://{x,y}', 'a://{}'])(
  '%j is no template that we can enforce',
  (text) => {
    expect(() => uriTemplate(text)).toThrow(TypeError)
  },
)
