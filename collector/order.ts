// Tasks one after the other, in the order in which they were given.

export class Order {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs the task when those before it have ended, however they ended. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task)
    this.#last = result.catch(() => undefined)
    return await result
  }
}
