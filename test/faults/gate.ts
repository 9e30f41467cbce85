// A TCP proxy between a program and an engine that it asks: it can hold back, swallow, slow down and cut off, and says when
// bytes come by, so that a fault can strike at each step of an exchange.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { tie } from '../support/tied-sockets.ts'

/** Steps of an exchange at which a fault strikes. */
export type Step = 'before it was sent' | 'sent, not answered' | 'answered'
export const steps: readonly Step[] = ['before it was sent', 'sent, not answered', 'answered']

/** `deaf`: the engine does what it is asked, and no answer comes back. `shut`: nothing connects. */
type State = 'well' | 'deaf' | 'slow' | 'shut'

/** Of one piece that is slow, milliseconds. */
const slowness = 400

export class Gate {
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #state: State = 'well'
  #armed: { step: Step; strike: () => Promise<void> | void; struck: PromiseWithResolvers<void> } | undefined

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
  }

  static async before(port: number): Promise<Gate> {
    const server = createServer({ noDelay: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const gate = new Gate(server)
    server.on('connection', (socket) =>
      gate.#join(socket, connect({ port, host: '127.0.0.1', noDelay: true })),
    )
    return gate
  }

  set(state: State): void {
    this.#state = state
    if (state === 'shut') this.cut()
  }

  /** Breaks off what is connected. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Strikes at this step of the next exchange, or after so many milliseconds without one. Resolves when it did. */
  async at(step: Step, strike: () => Promise<void> | void, milliseconds: number): Promise<void> {
    const struck = Promise.withResolvers<void>()
    const armed = { step, strike, struck }
    this.#armed = armed
    const timer = setTimeout(() => {
      if (this.#armed !== armed) return
      this.#armed = undefined
      Promise.resolve(strike()).then(struck.resolve, struck.reject)
    }, milliseconds)
    await struck.promise
    clearTimeout(timer)
  }

  close(): void {
    this.set('shut')
    this.#server.close()
  }

  #join(near: Socket, far: Socket): void {
    tie(near, far, this.#sockets)
    if (this.#state === 'shut') {
      near.destroy()
      return
    }
    let order = Promise.resolve()
    const inOrder = (task: () => Promise<void>): void => {
      order = order.then(task).catch(() => {
        near.destroy()
        far.destroy()
      })
    }
    near.on('data', (bytes) =>
      inOrder(async () => {
        await this.#strike('before it was sent')
        if (this.#state === 'slow') await sleep(slowness)
        far.write(bytes)
        await this.#strike('sent, not answered')
      }),
    )
    far.on('data', (bytes) =>
      inOrder(async () => {
        if (this.#state === 'deaf') return
        if (this.#state === 'slow') await sleep(slowness)
        near.write(bytes)
        await this.#strike('answered')
      }),
    )
  }

  async #strike(step: Step): Promise<void> {
    const armed = this.#armed
    if (armed === undefined || armed.step !== step) return
    this.#armed = undefined
    try {
      await armed.strike()
      armed.struck.resolve()
    } catch (error) {
      armed.struck.reject(error)
    }
  }
}
