/** Why the channel does not do what it was asked. The message goes to the asker: what to do next, no PHI. */
export class ChannelRefusal extends Error {
  readonly status: 400 | 401 | 403 | 404 | 413 | 503
  /** A row of the sidecar's table of refusals, where it passes the answer on to a caller. */
  readonly reason: string | undefined
  constructor(status: ChannelRefusal['status'], message: string, reason?: string) {
    super(message)
    this.status = status
    this.reason = reason
  }
}
