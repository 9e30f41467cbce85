// oidc-provider ships no types; these are the parts that identity-provider.ts uses.

declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  type Login = { accountId: string; amr?: string[]; acr?: string; authTime?: number }
  export type Context = {
    req: IncomingMessage & { socket: import('node:tls').TLSSocket }
    oidc: {
      client?: { clientId: string }
      entities: { [kind in 'AuthorizationCode' | 'DeviceCode' | 'RefreshToken']?: Login }
    }
  }
  export type Interaction = {
    uid: string
    prompt: { name: string }
    session?: { accountId: string }
    grantId?: string
    params: { client_id: string; scope?: string; resource?: string | string[] }
  }
  export type InteractionResult = {
    login?: { accountId: string; amr: string[]; acr?: string; ts: number; remember: boolean }
    consent?: { grantId: string }
  }

  export class Grant {
    constructor(of: { accountId: string; clientId: string })
    addOIDCScope(scope: string): void
    addResourceScope(resource: string, scope: string): void
    save(): Promise<string>
  }

  export const errors: { InvalidTarget: new (description: string) => Error }

  export default class Provider {
    constructor(issuer: string, configuration: object)
    readonly Grant: typeof Grant
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: InteractionResult,
      options?: { mergeWithLastSubmission?: boolean },
    ): Promise<void>
    on(event: string, listener: (...args: unknown[]) => void): this
  }
}
