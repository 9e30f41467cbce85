// The policy of a manifest on disk, as the operator would make it: what `explain` asks its questions of.

import { compilePolicy } from '../core/compile.ts'
import { isObject } from '../core/is-object.ts'
import type { Policy } from '../core/policy.ts'
import type { HipaaMcpServer } from '../crds/hipaamcpserver.generated.ts'
import { CannotError } from './command.ts'
import { textFrom } from './lines.ts'
import { valuesIn } from './yaml-file.ts'

/**
 * The policy of the one HipaaMcpServer in a file, or of the one called `server` (`NAME` or `NAMESPACE/NAME`). Rejects with
 * `CannotError` for a file without one, and for one that compiles to no policy.
 */
export async function policyFrom(file: string, server: string | undefined): Promise<Policy> {
  const all = serversIn(await textFrom(file), file)
  const named = all.filter(({ metadata }) => server === undefined || namesOf(metadata).includes(server))
  const [one] = named
  if (one === undefined)
    throw new CannotError(
      server === undefined ? `${file} holds no HipaaMcpServer` : `${file} holds no HipaaMcpServer ${server}`,
    )
  if (named.length > 1)
    throw new CannotError(
      `${file} holds several: choose one with --server, ${all.map(({ metadata }) => namesOf(metadata)[1]).join(' or ')}`,
    )
  return policyOf(one, file)
}

function serversIn(text: string, file: string): HipaaMcpServer[] {
  return valuesIn(text, file).filter(
    (value): value is HipaaMcpServer =>
      isObject(value) &&
      value['kind'] === 'HipaaMcpServer' &&
      isObject(value['metadata']) &&
      typeof value['metadata']['name'] === 'string',
  )
}

function namesOf({ name, namespace }: HipaaMcpServer['metadata']): [string, string] {
  return [name, `${namespace ?? ''}/${name}`]
}

/** Stands for the client CA that only the operator knows, and that says nothing of what may pass. */
const someCa = 'the operator’s own'

function policyOf(server: HipaaMcpServer, file: string): Policy {
  let compiled: ReturnType<typeof compilePolicy>
  try {
    compiled = compilePolicy(server, { agreements: [], clientCa: someCa })
  } catch {
    // The API server would refuse it too: something that every server has is missing or of another kind.
    throw new CannotError(`${file} is no whole HipaaMcpServer: kubectl apply --dry-run=server says where`)
  }
  if ('issues' in compiled)
    throw new CannotError(
      `${file} compiles to no policy:\n${compiled.issues.map((one) => `  ${one}`).join('\n')}`,
    )
  return compiled.policy
}
