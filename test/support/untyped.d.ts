/** What the tests use of oidc-provider, which comes without types. */
declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http'

  type Client = { readonly clientId: string }
  type IdToken = {
    scope: string
    set(claim: string, value: string): void
    issue(options: { use: 'idtoken' }): Promise<string>
  }

  export default class Provider {
    constructor(issuer: string, configuration: object)
    callback(): RequestListener
    readonly Client: { find(clientId: string): Promise<Client> }
    readonly IdToken: new (claims: object, context: { client: Client }) => IdToken
  }
}
