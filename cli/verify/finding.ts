// One thing that is wrong with an export.

export type Finding = {
  /** Origin of the chain, `registry`, or the folder. */
  where: string
  /** Index of the record, where one can be named. */
  index?: number
  /** A sentence. Holds nothing out of a record but call identifiers. */
  says: string
}
