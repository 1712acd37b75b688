/** Discovery documents: OpenID Connect Discovery 1.0 §4, else RFC 8414 §3. */
import { no, ok, type Result } from '../units.ts'
import { countdown, fetchJsonText, refuseAddress, type FetchOptions } from './fetch.ts'
import { parseJsonObject } from './json.ts'

/** What we read of a document whose `issuer` was checked; addresses are https, or loopback. */
export type Discovered = {
  readonly jwksUri: string | undefined
  readonly tokenEndpoint: string | undefined
}

/**
 * Fetches the discovery document of `issuer`. Never throws; the problem is in fixed words.
 *
 * The OpenID Connect address is asked first, that of RFC 8414 only after an answer that is no document
 * (status 300 to 499). `issuer` in the document must be the same string (RFC 8414 §3.3).
 * `timeout` is for both requests together.
 */
export async function discover(
  issuer: string,
  options: FetchOptions,
): Promise<Result<Discovered, string>> {
  const [oidc, oauth] = addresses(issuer)
  const left = countdown(options.timeout)
  let answer = await fetchJsonText(oidc, options)
  if (!answer.ok && isNoDocument(answer.problem.status))
    answer = await fetchJsonText(oauth, { ...options, timeout: left() })
  if (!answer.ok) return no(`discovery: ${answer.problem.because}`)
  const read = readDiscovery(answer.value, issuer)
  return read.ok ? read : no(`discovery: ${read.problem}`)
}

/** Reads a document's text. Pure. */
export function readDiscovery(text: string, issuer: string): Result<Discovered, string> {
  const read = parseJsonObject(text)
  if (!read.ok) return no(`the document is ${read.problem}`)
  const named = read.value.issuer
  if (named !== issuer) {
    const bySlash = named === `${issuer}/` || `${String(named)}/` === issuer
    return no(
      bySlash
        ? 'the issuer in the document differs from the configured one by a trailing slash'
        : 'the issuer in the document is not the configured one',
    )
  }
  const jwksUri = readAddress(read.value.jwks_uri)
  const tokenEndpoint = readAddress(read.value.token_endpoint)
  if (!jwksUri.ok) return no(`jwks_uri: ${jwksUri.problem}`)
  if (!tokenEndpoint.ok) return no(`token_endpoint: ${tokenEndpoint.problem}`)
  return ok({ jwksUri: jwksUri.value, tokenEndpoint: tokenEndpoint.value })
}

function readAddress(value: unknown): Result<string | undefined, string> {
  if (value === undefined) return ok(undefined)
  if (typeof value !== 'string') return no('the address is not a string')
  const refused = refuseAddress(value)
  return refused === undefined ? ok(value) : no(refused)
}

function isNoDocument(status: number | undefined): boolean {
  return status !== undefined && status >= 300 && status < 500
}

function addresses(issuer: string): readonly [string, string] {
  const base = issuer.replace(/\/$/, '')
  const [, origin = base, path = ''] = /^([a-z]+:\/\/[^/]*)(.*)$/i.exec(base) ?? []
  return [
    `${base}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]
}
