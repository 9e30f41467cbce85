// What the environment says of the archive: which bucket, how it is reached, for how long it locks.

import { leastDays } from '../../core/archive/bucket.ts'
import { type Location, locationOf, type Reach } from '../../core/archive/location.ts'

export type ArchiveConfig = {
  location: Location
  reach: Reach
  /** For which every object is locked. */
  days: number
}

type ArchiveVariable =
  | 'HIPAA_MCP_ARCHIVE'
  | 'HIPAA_MCP_ARCHIVE_REGION'
  | 'HIPAA_MCP_ARCHIVE_ENDPOINT'
  | 'HIPAA_MCP_ARCHIVE_CA'
  | 'HIPAA_MCP_ARCHIVE_DAYS'

export type Environment = {
  value: (name: ArchiveVariable) => string | undefined
  number: (name: ArchiveVariable, otherwise: number, most: number) => number
  issues: string[]
  pemOf: (text: string) => string
  /** Whether a key is configured under which segments are sealed. */
  seals: boolean
}

/** A hundred years: more no server of S3 takes. */
const mostDays = 36_500

/** Undefined where no archive is configured. Adds what is to be mended to `issues`. */
export function archiveOf({ value, number, issues, pemOf, seals }: Environment): ArchiveConfig | undefined {
  const text = value('HIPAA_MCP_ARCHIVE')
  const days = number('HIPAA_MCP_ARCHIVE_DAYS', leastDays, mostDays)
  if (days < leastDays)
    issues.push(`HIPAA_MCP_ARCHIVE_DAYS must be at least ${leastDays}: six years (45 CFR 164.316(b)(2)(i))`)
  if (text === undefined) return undefined
  const location = locationOf(text)
  if (location === undefined) issues.push('HIPAA_MCP_ARCHIVE must be s3://bucket/prefix')
  if (!seals) issues.push('HIPAA_MCP_ARCHIVE needs HIPAA_MCP_KMS: nothing is archived that is not sealed')
  const endpoint = value('HIPAA_MCP_ARCHIVE_ENDPOINT')
  if (endpoint !== undefined && !/^https:\/\/[^/?#@]+\/?$/.test(endpoint))
    issues.push('HIPAA_MCP_ARCHIVE_ENDPOINT must be an https:// base URL without a path')
  const region = value('HIPAA_MCP_ARCHIVE_REGION') ?? (endpoint === undefined ? undefined : 'us-east-1')
  if (region === undefined || !/^[a-z0-9-]+$/.test(region))
    issues.push('HIPAA_MCP_ARCHIVE_REGION must be the region of the bucket, such as us-east-1')
  const ca = value('HIPAA_MCP_ARCHIVE_CA')
  const reach: Reach = { region: region ?? '', ...(endpoint === undefined ? {} : { endpoint }) }
  try {
    if (ca !== undefined) reach.ca = pemOf(ca)
  } catch {
    issues.push('HIPAA_MCP_ARCHIVE_CA cannot be read: CA of the bucket’s server, PEM or a path')
  }
  return { location: location ?? { bucket: '', prefix: '' }, reach, days }
}
