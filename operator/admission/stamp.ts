// Mutating webhook of grants and revocations: writes who did it and when, out of what the API server knows of the person,
// over whatever the author typed. That nothing else passes is up to the ValidatingAdmissionPolicies (config/webhook):
// they run in the API server and compare what stands here with the same person once more.

import { isObject } from '../../core/is-object.ts'
import { allowed, type Operation, type Request, refusal, type Verdict } from './review.ts'

/** Members of a grant's spec that each are one person's decision, made once. */
const decisions = ['approval', 'end', 'review'] as const

/** Pure but for the clock that it is given, milliseconds since 1970. */
export function judgeStamp(
  { operation, object, oldObject, resource, userInfo }: Request,
  now: number,
): Verdict {
  const by = userInfo?.username
  const spec = specOf(object)
  if (by === undefined || by === '' || spec === undefined)
    return refusal(['the object has no spec, or nobody sent it: apply it with kubectl'])
  const at = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z')
  const member = resource.resource === 'accessrevocations' ? 'revokedBy' : 'requestedBy'
  const patch: Operation[] = operation === 'CREATE' ? [{ op: 'add', path: `/spec/${member}`, value: by }] : []
  if (resource.resource === 'breakglassgrants')
    for (const decision of decisions) {
      const written = spec[decision]
      // One that stands already is not stamped again: the schema says that it does not change.
      if (!isObject(written) || specOf(oldObject)?.[decision] !== undefined) continue
      patch.push({ op: 'replace', path: `/spec/${decision}`, value: { ...written, by, at } })
    }
  return patch.length === 0 ? allowed : { allowed: true, patch }
}

function specOf(object: unknown): { [member: string]: unknown } | undefined {
  const spec = isObject(object) ? object['spec'] : undefined
  return isObject(spec) ? spec : undefined
}
