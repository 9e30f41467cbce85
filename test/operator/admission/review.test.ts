import { expect, test } from 'vitest'
import { requestIn } from '../../../operator/admission/review.ts'

const read = (request: object): unknown =>
  requestIn(JSON.stringify({ kind: 'AdmissionReview', request })).name

test.each([
  ['pod', 'pod'],
  ['pod:8080', 'pod'],
  ['https:pod:8080', 'pod'],
  [':pod:', 'pod'],
  // None of the API server's forms: of no pod.
  ['a:b:c:d', 'a:b:c:d'],
])('a proxy to %s is one to %s', (name, pod) => {
  expect(read({ uid: '1', subResource: 'proxy', name })).toBe(pod)
})

test('in every other request a name is what it is', () => {
  expect(read({ uid: '1', subResource: 'exec', name: 'pod:8080' })).toBe('pod:8080')
  expect(read({ uid: '1', subResource: 'proxy' })).toBeUndefined()
})

test.each(['{}', '{"kind":"AdmissionReview"}', '{"kind":"Pod","request":{"uid":"1"}}'])(
  'what is no review is refused: %s',
  (text) => {
    expect(() => requestIn(text)).toThrow('Not an AdmissionReview')
  },
)
