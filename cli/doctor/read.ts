// One object of the API server, or why it is not known.

import type { Kube } from '../kube.ts'
import type { Read } from './installation.ts'

export async function read<T>(kube: Kube, path: string): Promise<Read<T>> {
  const { status, body } = await kube.request('GET', path)
  if (status === 200) return { found: body as T }
  return status === 404 ? { absent: true } : { denied: status }
}
