/** What several parts of the file have in common: listeners, upstreams, TLS, limits, claims. */
import * as z from 'zod'
import {
  anyNumberOf,
  count,
  duration,
  flag,
  mapping,
  named,
  oneOrMore,
  size,
  text,
  word,
} from './values.ts'

export const tlsSchema = mapping({
  ca: text().optional().describe('PEM file of the only authorities that are trusted here'),
  cert: text().optional().describe('PEM file of the certificate that we present'),
  key: text().optional().describe('PEM file of the key of `cert`'),
  serverName: text().optional().describe('name that the certificate must carry, if not the host'),
})

/** What a listener presents, and whose certificates it asks for. */
export const listenerTlsSchema = mapping({
  cert: text().describe('PEM file of the certificate, and of those between it and its authority'),
  key: text().describe('PEM file of the key of `cert`'),
  clientCa: text()
    .optional()
    .describe(
      'PEM file of the authorities of callers: without a certificate of theirs nobody connects',
    ),
})

const listenText = 'must be an address such as 127.0.0.1:8080 or [::1]:8080'

const listenerSchema = mapping({
  host: text().optional().describe('address or name to listen on'),
  port: count(0, 65_535).optional().describe('port; 0 takes a free one'),
  socket: text().optional().describe('path of a Unix socket, instead of host and port'),
  mode: text().optional().describe("file mode of the socket, octal; '0600' when left out"),
  tls: listenerTlsSchema.optional().describe('TLS 1.2 or later instead of plain HTTP'),
})

/** Address in one text, or its parts. */
export const listenSchema = z.union([text(listenText), listenerSchema], {
  error: `${listenText}, or { host, port }, or { socket, mode }`,
})

const upstreamText = 'must be an address such as http://127.0.0.1:3000'

/** An upstream with everything that may be said of it. */
export const upstreamParts = mapping({
  url: text(upstreamText).describe('scheme, host and port; outbound also a path'),
  tls: tlsSchema.optional().describe('how its certificate is verified, and what we present'),
  http2: flag().default(false).describe('not supported yet'),
  connectTimeout: duration().prefault('2s').describe('until the connection stands, TLS included'),
  headersTimeout: duration().prefault('60s').describe('until the whole response head is there'),
  bodyTimeout: duration().prefault('60s').describe('between two pieces of a response body'),
  keepAliveTimeout: duration().prefault('4s').describe('how long an idle connection is kept'),
  connections: count(1, 100_000).default(1024).describe('most connections at a time'),
  client: word(['builtin', 'undici'])
    .default('builtin')
    .describe('what speaks HTTP/1.1 to it: our own client, or the library undici'),
})

/** Its address, or its parts. */
export const upstreamSchema = z.union([text(upstreamText), upstreamParts], {
  error: `${upstreamText}, or { url, … }`,
})

const KiB = 1024
export const limitsSchema = mapping({
  headersTimeout: duration().prefault('10s').describe('for the whole request head'),
  bodyIdleTimeout: duration()
    .prefault('30s')
    .describe('between two pieces of a request body, or of a response that is not read'),
  keepAliveTimeout: duration().prefault('65s').describe('how long an idle connection is kept'),
  maxHeaderBytes: size(KiB, 1024 * KiB)
    .prefault('16KiB')
    .describe('size of a request head; more is answered 431'),
  maxHeaders: count(1, 10_000)
    .default(200)
    .describe('lines of a request head; more is answered 431'),
  maxTargetBytes: size(64, 1024 * KiB)
    .prefault('8KiB')
    .describe('size of a request target; more is answered 414'),
  maxConnections: count(1, 1_000_000).default(10_000).describe('connections at a time'),
  maxBodyBytes: size(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('size of a request body; more is answered 413; no limit when left out'),
})

export const timeoutsSchema = mapping({
  headers: duration().optional().describe("instead of the upstream's `headersTimeout`"),
  body: duration().optional().describe("instead of the upstream's `bodyTimeout`"),
})

const claimValue = 'must be text, a number, true or false'
const claimScalar = z.union([z.string(), z.number(), z.boolean()], { error: claimValue })

/** Claim or JSON Pointer -> a value, or a list of which one must match. */
export const claimsSchema = named(
  z.union(
    [
      claimScalar,
      z.array(claimScalar).min(1, { error: `${claimValue}; a list holds at least one` }),
    ],
    {
      error: `${claimValue}, or a list of these`,
    },
  ),
)

export const clientIdsSchema = oneOrMore('must be a client id')
export const issuerNamesSchema = oneOrMore('must be the name of one of `issuers`')
export const hostNamesSchema = anyNumberOf('must be a host name')
