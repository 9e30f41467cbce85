// What the collector says of the copies that it sends: `GET /v1/copies`, for the operator and auditors.

export const copyForms = ['otlp', 'ocsf'] as const

export type CopyReport = {
  /** As the configuration calls it. */
  name: string
  as: (typeof copyForms)[number]
  /** Everything that was committed so many seconds ago was taken by the target; 0 where nothing waits. */
  behindSeconds: number
  /** That is longer than a copy may take. */
  behind: boolean
  /** Committed records that were not taken yet. */
  pending: number
  /** Records that the target would not have, since the process began: a stub names each there. Absent: none. */
  stubs?: number
  /** Why the newest try failed, kebab-case; absent while all is well. */
  trouble?: string
}

/** Answer to `GET /v1/copies`; the list is empty where none is configured. */
export type CopiesResponse = { copies: readonly CopyReport[] }
