/** The Config type: readonly and complete; a key with a default is never optional (SPEC 2). */
import type { Mode, Route } from '../decision/routes.ts'
import type { RouteTable } from '../decision/table.ts'
import type { PathRelaxations } from '../decision/target.ts'
import type { ClientSettings, Grant, IssuerSettings, TlsSettings } from '../tokens/settings.ts'
import type { Bytes, EpochSeconds, Milliseconds, Secret } from '../units.ts'

/** A place in the file, from 1, and what is wrong there. */
export type ConfigProblem = {
  readonly line: number
  readonly column: number
  /** Path of the key, `inbound.routes[2].scopes`; empty for the file as a whole. */
  readonly key: string
  /** What is wrong, what would be right. Never what the environment put in. */
  readonly message: string
}

export type Config = {
  /** As given on the command line, for messages. */
  readonly file: string
  /** SHA-256 of the file's text, hexadecimal. */
  readonly hash: string
  /** Absolute paths of every file that went into it: these are watched. */
  readonly sources: readonly string[]
  /** Worth saying, not wrong: methods that a narrower path takes away, routes in report mode. */
  readonly warnings: readonly ConfigProblem[]
  readonly issuers: readonly IssuerSettings[]
  readonly inbound: InboundConfig | undefined
  readonly clients: readonly ClientSettings[]
  readonly outbound: OutboundConfig | undefined
  readonly admin: AdminConfig
  readonly log: LogConfig
  readonly shutdown: { readonly delay: Milliseconds; readonly timeout: Milliseconds }
}

/** PEM texts. With `clientCa` only callers with a certificate of these authorities connect. */
export type ListenerTls = {
  readonly cert: string
  readonly key: Secret
  readonly clientCa: string | undefined
  readonly expiresAt: EpochSeconds
}

export type ListenAddress =
  | {
      readonly kind: 'tcp'
      readonly host: string
      readonly port: number
      readonly tls?: ListenerTls | undefined
    }
  | { readonly kind: 'socket'; readonly path: string; readonly mode: number }

export type UpstreamConfig = {
  /** Scheme, host and port: `https://api.example.com`. */
  readonly origin: string
  /** Path of the URL without its last slash; empty for inbound, and for `/`. */
  readonly path: string
  readonly tls: TlsSettings | undefined
  readonly connectTimeout: Milliseconds
  /** The whole response head. */
  readonly headersTimeout: Milliseconds
  /** Between two pieces of a response body. */
  readonly bodyTimeout: Milliseconds
  readonly keepAliveTimeout: Milliseconds
  readonly connections: number
  /** What speaks HTTP/1.1 to it. */
  readonly client: 'builtin' | 'undici'
}

export type LimitsConfig = {
  readonly headersTimeout: Milliseconds
  readonly bodyIdleTimeout: Milliseconds
  readonly keepAliveTimeout: Milliseconds
  readonly maxHeaderBytes: Bytes
  readonly maxHeaders: number
  readonly maxTargetBytes: Bytes
  readonly maxConnections: number
  readonly maxBodyBytes: Bytes | undefined
}

export type InboundConfig = {
  readonly listen: ListenAddress
  readonly upstream: UpstreamConfig
  readonly mode: Mode
  /** Lower case. */
  readonly tokenHeader: string
  readonly routes: readonly Route[]
  readonly table: RouteTable
  /** `claim`: a name, `client_id` and `scope` in the sense of SPEC 3, or a JSON Pointer. */
  readonly identityHeaders: readonly { readonly header: string; readonly claim: string }[]
  /** Lower case; a `*` at the end stands for anything. */
  readonly removeHeaders: readonly string[]
  /** Lower case; tells the upstream the subject of the caller's certificate. */
  readonly certificateHeader: string | undefined
  readonly forwardToken: boolean
  readonly limits: LimitsConfig
  readonly ignoreCase: boolean
  readonly paths: PathRelaxations
  /** CIDR blocks or addresses. */
  readonly trustedProxies: readonly string[]
  readonly allowRequestOverrides: boolean
  readonly allowPreflight: boolean
  readonly realm: string
  /** Ends with `/`; undefined = `about:blank`. */
  readonly problemTypes: string | undefined
}

export type OutboundRoute = {
  /** For people, logs and metrics: host and path. */
  readonly id: string
  readonly line: number
  readonly column: number
  /** Prefix of whole segments, as written, without its last slash; `/` is the empty string. */
  readonly path: string | undefined
  /** Lower case; `port` undefined = any. */
  readonly host: { readonly name: string; readonly port: number | undefined } | undefined
  readonly upstream: UpstreamConfig
  readonly grant: Grant
  readonly onAuthorization: 'replace' | 'keep' | 'refuse'
  readonly renewOn401: 'invalid_token' | 'always' | 'never'
  readonly timeouts: {
    readonly headers: Milliseconds | undefined
    readonly body: Milliseconds | undefined
  }
}

export type OutboundConfig = {
  readonly listen: ListenAddress
  readonly routes: readonly OutboundRoute[]
  /** Lower case. */
  readonly requireHeader: string | undefined
  readonly allowBrowsers: boolean
  readonly allowRemoteClients: boolean
  readonly limits: LimitsConfig
}

export type AdminConfig = {
  readonly listen: ListenAddress
  readonly allowRemoteStatus: boolean
  readonly allowShutdown: boolean
  /** Lower case. */
  readonly hosts: readonly string[]
  /** Ascending; none = tokens cost nothing. */
  readonly tokenPrices: readonly TokenPrice[]
}

/** What the tokens of a month cost, from where the price before it ends. */
export type TokenPrice = {
  /** Tokens a month; Infinity = however many. */
  readonly upTo: number
  /** US dollars. */
  readonly perThousand: number
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

export type LogConfig = {
  readonly level: LogLevel
  /** Of the lines of requests; allowed ones are `info`, denials `warn`. */
  readonly requests: { readonly inbound: LogLevel; readonly outbound: LogLevel }
  /** Share of allowed requests that are logged, 0 to 1. */
  readonly sampleAllowed: number
  /** `auto`: text on a terminal, else JSON. */
  readonly format: 'auto' | 'json' | 'text'
}
