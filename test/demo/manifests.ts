// The demo's objects: YAML files with ${NAMES} in them, and Secrets with certificates made for the run.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeyPair } from '../sample/certificates.ts'

/**
 * A manifest's text with its names filled in; `folder`: where it is not the demo's. Rejects when a name is left open: an
 * empty value opens doors.
 */
export async function manifest(
  name: string,
  values: Record<string, string> = {},
  folder: string = join(import.meta.dirname, 'manifests'),
): Promise<string> {
  const text = await readFile(join(folder, `${name}.yaml`), 'utf8')
  return text.replaceAll(/\$\{([A-Z0-9_]+)\}/g, (_, key: string) => {
    const value = values[key]
    if (value === undefined) throw new Error(`${name}.yaml wants ${key}`)
    return value
  })
}

/** PEM as the inside of a double-quoted YAML text. */
export const quoted = (pem: string): string => JSON.stringify(pem).slice(1, -1)

const ours = { 'app.kubernetes.io/managed-by': 'hipaa-mcp-demo' }

/** A Secret of type kubernetes.io/tls; `ca` is what its holder trusts. */
export function tlsSecret(namespace: string, name: string, { cert, key }: KeyPair, ca: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels: ours },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': cert, 'tls.key': key, 'ca.crt': ca },
  })
}

export function configMap(namespace: string, name: string, data: Record<string, string>): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, labels: ours },
    data,
  })
}

/** Several objects as one text for kubectl. */
export const together = (...texts: string[]): string => texts.join('\n---\n')
