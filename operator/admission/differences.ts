// Comparing what is with what we would have injected: field by field, with a table of what may differ and why, and one of
// what other webhooks do to our containers, which is taken back (docs/injection.md has both).

import type { Container } from './pod.ts'

/** Members of our containers that may differ. Anything else that differs is refused, named. */
const tolerated: { [member: string]: string } = {
  resources:
    'LimitRanger, quotas and in-place resize set them; too little only makes the sidecar slow or restart',
  resizePolicy: 'a default of the API server for in-place resize',
}

/**
 * What webhooks of others put into every container that they find, ours among them. They come after us by their name and
 * mean no harm; admission is then asked once more, and our containers are as we make them again. What is still there in
 * the final pod is refused, as everything that is not ours.
 */
const additions: readonly { who: string; env: RegExp; mounts: readonly string[] }[] = [
  {
    who: 'amazon-eks-pod-identity-webhook: IAM roles for service accounts, EKS Pod Identity',
    env: /^AWS_(ROLE_ARN|WEB_IDENTITY_TOKEN_FILE|REGION|DEFAULT_REGION|STS_REGIONAL_ENDPOINTS|CONTAINER_CREDENTIALS_FULL_URI|CONTAINER_AUTHORIZATION_TOKEN_FILE)$/,
    mounts: ['aws-iam-token', 'eks-pod-identity-token'],
  },
  {
    who: 'azure-workload-identity',
    env: /^AZURE_(CLIENT_ID|TENANT_ID|FEDERATED_TOKEN_FILE|AUTHORITY_HOST)$/,
    mounts: ['azure-identity-token'],
  },
]

/** The container without what the table names. */
export function withoutAdditions(container: Container): Container {
  const { env, volumeMounts } = container
  return {
    ...container,
    ...(env === undefined
      ? {}
      : { env: env.filter(({ name }) => !additions.some((one) => one.env.test(name))) }),
    ...(volumeMounts === undefined
      ? {}
      : {
          volumeMounts: volumeMounts.filter(
            ({ name }) => !additions.some(({ mounts }) => mounts.includes(name)),
          ),
        }),
  }
}

/**
 * Paths at which `seen` differs from `wanted`, in the words that a person reads in the pod. At the root of a container
 * the tolerated members are left out.
 */
export function differences(seen: unknown, wanted: unknown, path: string): string[] {
  return unequal(untolerated(seen), untolerated(wanted), path)
}

/** `wanted` with the tolerated members as `seen` has them: otherwise two webhooks would write in turns. */
export function tolerant<Members extends object>(wanted: Members, seen: object | undefined): Members {
  const kept = Object.entries(seen ?? {}).filter(([name]) => Object.hasOwn(tolerated, name))
  return { ...wanted, ...Object.fromEntries(kept) }
}

/** The same without any tolerance. Null and the empty list count as absent, as they do for the API server. */
export function unequal(seen: unknown, wanted: unknown, path: string): string[] {
  if (isObject(seen) && isObject(wanted)) {
    const names = new Set([...Object.keys(wanted), ...Object.keys(seen)])
    return [...names].flatMap((name) => unequal(seen[name], wanted[name], `${path}.${name}`))
  }
  const [left, right] = [present(seen), present(wanted)]
  if (!Array.isArray(left) || !Array.isArray(right)) return left === right ? [] : [path]
  if (left.length !== right.length) return [path]
  return left.flatMap((item, index) => unequal(item, right[index], `${path}[${nameOf(right[index], index)}]`))
}

function untolerated(value: unknown): unknown {
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([name]) => !Object.hasOwn(tolerated, name)))
}

function present(value: unknown): unknown {
  return value === null || (Array.isArray(value) && value.length === 0) ? undefined : value
}

function isObject(value: unknown): value is { [member: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function nameOf(item: unknown, index: number): string {
  return isObject(item) && typeof item['name'] === 'string' ? item['name'] : String(index)
}
