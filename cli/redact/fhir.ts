// FHIR resources: one a line, or all of the input as one document.

import type { Json } from '../../core/canonical.ts'
import { parseJson } from '../../core/json.ts'
import { type FhirRedaction, redactResource } from '../../core/redaction/fhir-resource.ts'
import { jsonFault, noJson } from './json-fault.ts'
import type { Redacted, Redactor } from './stream.ts'

/** Most bytes of a resource; a bundle is one. */
const longest = 256 * 2 ** 20

const faults = {
  resource: 'it is no resource of FHIR R4: it has no "resourceType" that R4 knows',
  long: `it is longer than ${longest / 2 ** 20} MiB: cut it into several`,
} as const

/** For one input: how it is written shows in its first line, which is a resource by itself or is not JSON. */
export function fhirRedactor(by: FhirRedaction): Redactor {
  let first = true
  let parts: Buffer[] | undefined
  let length = 0
  const line = (bytes: Buffer): Redacted => {
    if (parts === undefined) {
      const redacted = redactBytes(bytes, by)
      const isLines = !first || !('fault' in redacted) || !redacted.fault.startsWith(noJson)
      first = false
      if (isLines) return redacted
      parts = []
    }
    length += bytes.length + 1
    if (length > longest) return { fault: faults.long }
    parts.push(Buffer.from(bytes), Buffer.from('\n'))
    return { out: '' }
  }
  const end = (): Redacted => (parts === undefined ? { out: '' } : redactBytes(Buffer.concat(parts), by))
  return { longest, line, end }
}

function redactBytes(bytes: Buffer, by: FhirRedaction): Redacted {
  const parsed = parseJson(bytes)
  if ('fault' in parsed) return { fault: jsonFault(parsed.fault, bytes, 'one resource a line or one in all') }
  const redacted = redactResource(parsed.value as Json, by)
  return redacted === undefined ? { fault: faults.resource } : { out: `${JSON.stringify(redacted)}\n` }
}
