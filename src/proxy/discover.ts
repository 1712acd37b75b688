/** The token endpoint of an issuer, for clients that say `issuer: NAME`. */
import { discover } from '../tokens/discovery.ts'
import type { IssuerSettings } from '../tokens/settings.ts'
import type { TraceIssuerRequest } from '../tokens/trace.ts'
import { bytes, no, ok, type Result } from '../units.ts'

/** Largest discovery document, in bytes. */
const maxBytes = bytes(256 * 1024)

/** Asks the discovery document of `issuer` (its `iss`); the problem is a sentence for the log. */
export async function discoverTokenEndpoint(
  issuers: readonly IssuerSettings[],
  issuer: string,
  trace?: TraceIssuerRequest,
): Promise<Result<string, string>> {
  const settings = issuers.find(({ issuers: [first] }) => first === issuer)
  if (settings === undefined) return no('the issuer is not configured')
  const found = await discover(issuer, {
    timeout: settings.jwksTimeout,
    maxBytes,
    tls: settings.tls,
    trace,
  })
  if (!found.ok) return found
  return found.value.tokenEndpoint === undefined
    ? no('discovery: the document has no token_endpoint')
    : ok(found.value.tokenEndpoint)
}
