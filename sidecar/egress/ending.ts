// Whether a connection has ended, and why, for whoever goes on with it after a wait.

/**
 * Throws why it ended. Nobody is called at the end: whoever ended a connection has said so to the app, and closed its sockets,
 * which is what others wait for.
 */
export type Ending = Pick<AbortSignal, 'throwIfAborted'>

/** For an error that closes its socket: whoever waits for it learns from that. */
export function heardElsewhere(): void {}
