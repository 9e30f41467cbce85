// A cluster of a few objects that obeys: what a recovery writes is there at its next look, and the controllers that are not
// ours do their part between two looks.

import type { ChainSummary } from '../../../core/wire.ts'
import { ApiError } from '../../../operator/cluster/client.ts'
import type { Say } from '../../../operator/cluster/events.ts'
import type { Claim, Job, PersistentVolume, Pod } from '../../../operator/objects.ts'
import { keepTrailVolumes, type RecoverySettings } from '../../../operator/recovery/keep.ts'
import { aWorld } from '../world.ts'

const settings: RecoverySettings = {
  image: 'registry.example/hipaa-mcp@sha256:aaaa',
  channel: 'https://channel',
  collector: 'https://collector',
  ca: 'CA',
  recovered: 'Delete',
}

export class ACluster {
  pods: Pod[] = []
  claims: Claim[] = []
  volumes: PersistentVolume[] = []
  jobs: Job[] = []
  chains: ChainSummary[] | undefined = []
  /** How the Job ends; undefined: it runs. */
  ends: 'Complete' | 'Failed' | undefined
  /** Writes to volumes are forbidden. */
  forbidden = false
  readonly said: Say[] = []
  readonly done: string[] = []
  readonly #recovered: 'Delete' | 'Retain'

  constructor(recovered: 'Delete' | 'Retain' = 'Delete') {
    this.#recovered = recovered
  }

  get volume(): PersistentVolume {
    const [volume] = this.volumes
    if (volume === undefined) throw new Error('The volume is gone')
    return volume
  }

  /** One look of the operator, then one of everybody else. */
  async look(): Promise<number | undefined> {
    const { pods, claims, volumes, chains } = this
    const { world } = aWorld({ pods, claims, volumes })
    try {
      return await keepTrailVolumes({
        world,
        outside: { trail: () => (chains === undefined ? undefined : { chains, signals: [] }) },
        client: this.#client(),
        events: { say: (say) => this.said.push(say) },
        leading: () => true,
        now: () => Date.parse('2026-11-01T12:00:00Z'),
        recovery: { ...settings, recovered: this.#recovered },
      })
    } finally {
      this.#others()
    }
  }

  /** The volume controller, the Job controller, the provisioner. */
  #others(): void {
    for (const claim of this.claims) {
      const volume = this.volumes.find(({ spec }) => spec.claimRef?.name === claim.metadata.name)
      if (volume === undefined || volume.metadata.name !== claim.spec.volumeName) continue
      volume.spec.claimRef = { ...volume.spec.claimRef, uid: claim.metadata.uid ?? '' }
      claim.status = { phase: 'Bound' }
    }
    for (const job of this.jobs)
      if (this.ends !== undefined && job.status === undefined)
        job.status = { conditions: [{ type: this.ends, status: 'True' }] }
    this.volumes = this.volumes.filter(
      ({ spec }) =>
        spec.persistentVolumeReclaimPolicy === 'Retain' ||
        this.claims.some(({ metadata }) => metadata.uid === spec.claimRef?.uid),
    )
  }

  #client(): Parameters<typeof keepTrailVolumes>[0]['client'] {
    const lists: { [kind: string]: () => { metadata: { name: string } }[] } = {
      Job: () => this.jobs,
      PersistentVolumeClaim: () => this.claims,
      PersistentVolume: () => this.volumes,
    }
    return {
      get: async <T>({ kind }: { kind: string }, _: string | undefined, name: string) =>
        structuredClone(lists[kind]?.().find(({ metadata }) => metadata.name === name)) as T | undefined,
      create: async ({ kind }, object) => {
        this.done.push(`create ${kind}`)
        const list = lists[kind]?.() ?? []
        if (list.some(({ metadata }) => metadata.name === object.metadata.name))
          throw new ApiError(409, 'AlreadyExists', 'there is one')
        const uid = `uid-${kind}-${this.done.length}`
        list.push(structuredClone({ ...object, metadata: { ...object.metadata, uid } }))
        return object
      },
      patch: async <T>({ kind }: { kind: string }, _: string | undefined, name: string, body: unknown) => {
        if (this.forbidden) throw new ApiError(403, 'Forbidden', 'no')
        const volume = this.volumes.find(({ metadata }) => metadata.name === name)
        if (kind !== 'PersistentVolume' || volume === undefined) throw new ApiError(404, 'NotFound', 'none')
        if (Array.isArray(body)) {
          const [, test, put] = body as { value: string & { name: string } }[]
          if (volume.spec.claimRef?.uid !== test?.value) throw new ApiError(422, 'Invalid', 'test failed')
          volume.spec.claimRef = put?.value ?? {}
          this.done.push('bind')
          return {} as T
        }
        const { metadata, spec } = body as Partial<PersistentVolume>
        Object.assign((volume.metadata.annotations ??= {}), metadata?.annotations)
        Object.assign(volume.spec, spec)
        this.done.push(`patch ${JSON.stringify({ ...metadata?.annotations, ...spec })}`)
        return {} as T
      },
      delete: async ({ kind }, _, name, _uid, how) => {
        this.done.push(
          `delete ${kind}${how?.propagationPolicy === undefined ? '' : ` ${how.propagationPolicy}`}`,
        )
        const list = lists[kind]?.() ?? []
        const at = list.findIndex(({ metadata }) => metadata.name === name)
        if (at >= 0) list.splice(at, 1)
      },
    }
  }
}
