// Which images our containers may have. The ConfigMap remembers those of earlier versions: their pods go on running after
// an update. New pods have the newest alone, which the ValidatingAdmissionPolicy names itself.

import { systemNamespace } from '../../core/identifiers.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import { ApiError, type Client } from '../cluster/client.ts'
import { kinds } from '../cluster/kinds.ts'

/** Name of the ConfigMap in the system namespace; key `images`, one a line, the newest last. */
const admissionParameters = 'hipaa-mcp-admission'

type Parameters = KubernetesObject & { data?: { images?: string } }

const imagesIn = (seen: Parameters | undefined) => (seen?.data?.images ?? '').split('\n').filter(Boolean)

/** Those of this version and earlier ones, and of one that is just coming. */
export async function registeredImages(client: Pick<Client, 'get'>): Promise<readonly string[]> {
  return imagesIn(await client.get<Parameters>(kinds.configMap, systemNamespace, admissionParameters))
}

/** Adds the image and returns all. */
export async function registerImage(
  client: Pick<Client, 'get' | 'create' | 'replace'>,
  image: string,
): Promise<readonly string[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const seen = await client.get<Parameters>(kinds.configMap, systemNamespace, admissionParameters)
      const known = imagesIn(seen)
      if (known.includes(image)) return known
      const images = [...known, image]
      const data = { images: images.join('\n') }
      if (seen === undefined) await client.create<Parameters>(kinds.configMap, { ...empty, data })
      else await client.replace<Parameters>(kinds.configMap, { ...seen, data })
      return images
    } catch (error) {
      // Another replica was faster: read again.
      if (!(error instanceof ApiError) || error.status !== 409 || attempt === 5) throw error
    }
  }
}

const empty = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: admissionParameters, namespace: systemNamespace },
} as const
