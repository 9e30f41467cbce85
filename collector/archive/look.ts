// Sees what a bucket is: reads its settings, and tries with the collector's own credential what must be refused. A setting
// says what a server promises; a refusal shows what it does.

import type { GetObjectLockConfigurationCommandOutput } from '@aws-sdk/client-s3'
import { bodyOf } from '../../core/archive/body.ts'
import { allowsEverybody, type BucketSeen, canLock, type Tried } from '../../core/archive/bucket.ts'
import { keyOfCanary } from '../../core/archive/keys.ts'
import type { Location } from '../../core/archive/location.ts'
import { isRefusal, type LockMode, nameOf, type Opened } from './bucket.ts'

const day = 86_400_000
/** How long a canary is locked, and how much of that must be left to try on it. */
const canary = { locked: 30 * day, least: 2 * day }

const text = bodyOf(
  Buffer.from(
    'hipaa-mcp tries on this object whether its lock can be shortened. It holds nothing, and may be deleted when the lock ends.\n',
  ),
)

/** Never rejects: what cannot be seen is `unread`, `unclear` or `untried`, and counts as a gap. */
export async function lookAt(opened: Opened, { bucket, prefix }: Location, now: number): Promise<BucketSeen> {
  const settings = new Settings(opened, bucket)
  const [versioning, lock, open] = await Promise.all([
    orUnread(settings.versioning()),
    orUnread(settings.lock()),
    orUnread(settings.public()),
  ])
  const seen: BucketSeen = {
    versioning,
    lock,
    public: open,
    compliance: 'untried',
    bypass: 'untried',
    configuration: 'untried',
  }
  if (!canLock(seen)) return seen
  const bypass = (mode: LockMode): Promise<Tried> => tryLock(opened, prefix, mode, now)
  const [compliance, governance, configuration] = await Promise.all([
    bypass('COMPLIANCE'),
    bypass('GOVERNANCE'),
    tried(async () => await settings.writeBack()),
  ])
  return { ...seen, compliance, bypass: governance, configuration }
}

/** Puts a canary where there is none, and tries to shorten its lock; one of mode COMPLIANCE is also tried to be deleted. */
async function tryLock({ bucket }: Opened, prefix: string, mode: LockMode, now: number): Promise<Tried> {
  const key = keyOfCanary(prefix, mode === 'COMPLIANCE' ? 'compliance' : 'governance')
  let version: string
  let until: number
  try {
    const [newest] = await bucket.versions(key)
    const kept = newest === undefined ? undefined : await bucket.kept(key, newest)
    if (newest !== undefined && kept?.lock?.mode === mode && kept.lock.until > now + canary.least) {
      version = newest
      until = kept.lock.until
    } else {
      until = Math.ceil((now + canary.locked) / 1000) * 1000
      version = await bucket.put(key, text, { lock: { mode, until } })
    }
  } catch {
    return 'unclear'
  }
  const shortened = await tried(
    async () => await bucket.setLock(key, version, { mode, until: until - 1000 }, true),
  )
  if (shortened !== 'refused' || mode === 'GOVERNANCE') return shortened
  return await tried(async () => await bucket.delete(key, version))
}

async function tried(task: () => Promise<unknown>): Promise<Tried> {
  try {
    await task()
    return 'allowed'
  } catch (error) {
    return isRefusal(error) ? 'refused' : 'unclear'
  }
}

async function orUnread<T>(asked: Promise<T>): Promise<T | 'unread'> {
  return await asked.catch(() => 'unread' as const)
}

class Settings {
  readonly #opened: Opened
  readonly #at: { Bucket: string }
  #configuration: GetObjectLockConfigurationCommandOutput['ObjectLockConfiguration']

  constructor(opened: Opened, bucket: string) {
    this.#opened = opened
    this.#at = { Bucket: bucket }
  }

  async versioning(): Promise<'Enabled' | 'Suspended' | 'Off'> {
    const { client, sdk } = this.#opened
    return (await client.send(new sdk.GetBucketVersioningCommand(this.#at))).Status ?? 'Off'
  }

  async lock(): Promise<Exclude<BucketSeen['lock'], 'unread'>> {
    const { client, sdk } = this.#opened
    const said = await orAbsent(
      client.send(new sdk.GetObjectLockConfigurationCommand(this.#at)),
      'ObjectLockConfigurationNotFoundError',
    )
    this.#configuration = said?.ObjectLockConfiguration
    if (this.#configuration?.ObjectLockEnabled !== 'Enabled') return { enabled: false }
    const { Mode, Days, Years } = this.#configuration.Rule?.DefaultRetention ?? {}
    // S3 counts a year as 365 days.
    const days = Days ?? (Years === undefined ? undefined : Years * 365)
    return {
      enabled: true,
      ...(Mode === undefined ? {} : { mode: Mode }),
      ...(days === undefined ? {} : { days }),
    }
  }

  /** Writes the lock configuration that was read, unchanged: who may do that may also weaken it. */
  async writeBack(): Promise<void> {
    const { client, sdk } = this.#opened
    await client.send(
      new sdk.PutObjectLockConfigurationCommand({
        ...this.#at,
        ObjectLockConfiguration: this.#configuration ?? { ObjectLockEnabled: 'Enabled' },
      }),
    )
  }

  /** Not public where public policies and lists are blocked, else by what policy and access list say. */
  async public(): Promise<boolean> {
    const { client, sdk } = this.#opened
    // Some servers tell this to the owner alone: then the rest decides.
    const blocked = await client.send(new sdk.GetPublicAccessBlockCommand(this.#at)).catch(() => undefined)
    const block = blocked?.PublicAccessBlockConfiguration
    if (block?.IgnorePublicAcls === true && block.RestrictPublicBuckets === true) return false
    const { Grants } = await client.send(new sdk.GetBucketAclCommand(this.#at))
    if ((Grants ?? []).some(({ Grantee }) => everybody.test(Grantee?.URI ?? ''))) return true
    const status = await orAbsent(
      client.send(new sdk.GetBucketPolicyStatusCommand(this.#at)),
      'NoSuchBucketPolicy',
    )
    if (status?.PolicyStatus?.IsPublic !== true) return false
    // Ceph 16 calls every policy public that allows anything, so it is read as well.
    const { Policy } = await client.send(new sdk.GetBucketPolicyCommand(this.#at))
    return allowsEverybody(Policy ?? '')
  }
}

/** Predefined groups of S3 whose members are anybody (S3 User Guide, "Access control list overview"). */
const everybody = /\/groups\/global\/(AllUsers|AuthenticatedUsers)$/

async function orAbsent<T>(asked: Promise<T>, name: string): Promise<T | undefined> {
  return await asked.catch((error: unknown) => {
    if (nameOf(error) === name) return undefined
    throw error
  })
}
