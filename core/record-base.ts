// What every record of the trail has, of whatever kind.

export const recordSchema = 'phi-access/1'

export type Base = {
  schema: typeof recordSchema
  /** RFC 3339, UTC, milliseconds. Order comes from the index in the chain, never from this. */
  at: string
}
