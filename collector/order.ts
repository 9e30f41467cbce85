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

/** An order for each name. */
export class Orders {
  readonly #orders = new Map<string, { order: Order; tasks: number }>()

  /** Runs the task when those of the same name before it have ended. */
  async run<T>(name: string, task: () => Promise<T>): Promise<T> {
    const held = this.#orders.get(name) ?? { order: new Order(), tasks: 0 }
    this.#orders.set(name, held)
    held.tasks += 1
    try {
      return await held.order.run(task)
    } finally {
      held.tasks -= 1
      if (held.tasks === 0) this.#orders.delete(name)
    }
  }
}
