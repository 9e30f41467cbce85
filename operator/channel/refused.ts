/** Why the channel does not do what it was asked. The message goes to the asker: what to do next, no PHI. */
export class ChannelRefusal extends Error {
  readonly status: 400 | 401 | 403 | 404 | 413 | 503
  constructor(status: ChannelRefusal['status'], message: string) {
    super(message)
    this.status = status
  }
}
