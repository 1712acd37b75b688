/** What tokens/ is told: one issuer whose tokens count, one client that obtains tokens. */
import type { ClaimRule } from '../decision/claims.ts'
import type { Milliseconds, NonEmpty, Secret } from '../units.ts'

export const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const
export type Algorithm = (typeof algorithms)[number]

/** Contents of the files, read with the configuration and watched with it. */
export type TlsSettings = {
  /** PEM; added to, not replacing, nothing: when given, only these are trusted. */
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: Secret | undefined
  readonly serverName: string | undefined
}

export type KeySource =
  | { readonly kind: 'uri'; readonly url: string }
  /** Discovery document of `issuer`: OpenID Connect Discovery 1.0 §4, else RFC 8414 §3. */
  | { readonly kind: 'discovery'; readonly issuer: string }
  /** `jwks: { file }`: its text. */
  | { readonly kind: 'file'; readonly text: string }

export type IssuerSettings = {
  readonly name: string
  /** A Cognito user pool, or any other issuer. */
  readonly kind: 'pool' | 'other'
  /** Accepted `iss` values, exact. The first is the one that discovery asks. */
  readonly issuers: NonEmpty<string>
  readonly keys: KeySource
  /** `any` = not checked (a pool without `audience`, or the words `audience: any`). */
  readonly audience: NonEmpty<string> | 'any'
  readonly algorithms: NonEmpty<Algorithm>
  /** Names, or JSON Pointers when they start with `/`. */
  readonly scopeClaims: NonEmpty<string>
  readonly clientClaims: NonEmpty<string>
  readonly clockTolerance: Milliseconds
  readonly maxTokenLifetime: Milliseconds
  readonly clientIds: NonEmpty<string> | undefined
  readonly claims: readonly ClaimRule[]
  readonly jwksTimeout: Milliseconds
  readonly jwksCooldown: Milliseconds
  readonly jwksMaxAge: Milliseconds
  readonly jwksMaxStale: Milliseconds
  /** Readiness waits for its keys at start. */
  readonly required: boolean
  readonly tls: TlsSettings | undefined
}

export type TokenEndpoint =
  | { readonly kind: 'uri'; readonly url: string }
  /** From the discovery document of one of `issuers:`. */
  | { readonly kind: 'discovery'; readonly issuer: string }

export type ClientSettings = {
  readonly name: string
  readonly endpoint: TokenEndpoint
  readonly clientId: string
  readonly clientSecret: Secret
  readonly authMethod: 'client_secret_basic' | 'client_secret_post'
  /** How Basic credentials are encoded (RFC 6749 §2.3.1, or as they stand). */
  readonly basicEncoding: 'rfc6749' | 'raw'
  readonly requestTimeout: Milliseconds
  /** Undefined = by the token's life (SPEC 4). */
  readonly renewBefore: Milliseconds | undefined
  readonly expiryLeeway: Milliseconds | undefined
  readonly prefetch: boolean
  readonly requireGrantedScopes: boolean
  readonly resource: string | undefined
  readonly audience: string | undefined
  readonly parameters: Readonly<Record<string, string>>
  readonly tls: TlsSettings | undefined
}

/** One client credentials grant (RFC 6749 §4.4): what a route asks for. */
export type Grant = {
  readonly client: ClientSettings
  /** Requested, in the order written; none = all that the client has. */
  readonly scopes: readonly string[]
  /** RFC 8707; the route's, else the client's. */
  readonly resource: string | undefined
  readonly audience: string | undefined
}
