// What the recovery Job's program and the operator agree on.

/** Exit codes. `again`: another try may help. The others: a person must look, and the volume is kept. */
export const recoveryExits = { again: 1, damaged: 3, refused: 4 } as const
