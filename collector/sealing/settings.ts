// What the environment says of sealing: which key, where segments stand, when one ends.

import { join } from 'node:path'
import { segmentRecordsLimit } from '../../core/sealed/segment.ts'
import { type KmsConfig, kmsForms, kmsOf } from '../kms/settings.ts'
import type { Bounds } from './chain-sealing.ts'

export type SealingConfig = {
  kms: KmsConfig
  /** Where sealed segments stand until they are archived. */
  folder: string
  bounds: Bounds
  /** The key lies in a file: chains of profile Production are not taken. */
  developmentOnly: boolean
}

export type Environment = {
  value: (name: SealingVariable) => string | undefined
  number: (name: SealingVariable, otherwise: number, most: number) => number
  issues: string[]
  pemOf: (text: string) => string
  store: { kind: string; folder?: string } | undefined
}

type SealingVariable =
  | 'HIPAA_MCP_PROFILE'
  | 'HIPAA_MCP_KMS'
  | 'HIPAA_MCP_KMS_CA'
  | 'HIPAA_MCP_SEALED'
  | 'HIPAA_MCP_SEGMENT_KIB'
  | 'HIPAA_MCP_SEGMENT_SECONDS'

/** Undefined where no key is configured. Adds what is to be mended to `issues`. */
export function sealingOf(environment: Environment): SealingConfig | undefined {
  const { value, number, issues, store } = environment
  const profile = value('HIPAA_MCP_PROFILE') ?? 'Production'
  if (profile !== 'Production' && profile !== 'Development')
    issues.push('HIPAA_MCP_PROFILE must be Production or Development')
  const bounds = {
    bytes: number('HIPAA_MCP_SEGMENT_KIB', 16_384, 65_536) * 1024,
    // Below the format's own: what arrives while a segment ends goes into it as well.
    records: segmentRecordsLimit / 2,
    ageMs: number('HIPAA_MCP_SEGMENT_SECONDS', 900, 86_400) * 1000,
  }
  const kms = readKms(environment)
  if (kms === undefined) return undefined
  if (kms.kind === 'file' && profile !== 'Development')
    issues.push(
      'HIPAA_MCP_KMS: a key in a file is for profile Development: whoever reads the file opens the trail. Name an HSM or a KMS (docs/keys.md), or set HIPAA_MCP_PROFILE to Development',
    )
  const folder =
    value('HIPAA_MCP_SEALED') ?? (store?.folder === undefined ? undefined : join(store.folder, 'sealed'))
  if (folder?.startsWith('/') !== true)
    issues.push(
      'HIPAA_MCP_SEALED must be the path of a folder on a durable, encrypted volume: the store has none',
    )
  return { kms, folder: folder ?? '', bounds, developmentOnly: kms.kind === 'file' }
}

function readKms({ value, issues, pemOf }: Environment): KmsConfig | undefined {
  const text = value('HIPAA_MCP_KMS')
  const ca = value('HIPAA_MCP_KMS_CA')
  if (text === undefined) return undefined
  try {
    return kmsOf(text, ca === undefined ? undefined : pemOf(ca))
  } catch {
    issues.push(`HIPAA_MCP_KMS, or HIPAA_MCP_KMS_CA, cannot be read: ${kmsForms}`)
    return undefined
  }
}
