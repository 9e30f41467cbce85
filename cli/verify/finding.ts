// One thing that is wrong with an export.

export type Finding = {
  /** Origin of the chain, `registry`, or the folder. */
  where: string
  /** Index of the record, where one can be named. */
  index?: number
  /** A sentence. Holds nothing out of a record but call identifiers. */
  says: string
}

/** Of a registry log that knows no chain of the server (NAMESPACE/NAME): nothing may pass for a trail in which nothing happened. */
export const noChainOf = (server: string): Finding => ({
  where: server,
  says: 'the registry log registers no chain of this server',
})
