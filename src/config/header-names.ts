/** Header names that configuration and proxies look at with the same eyes. */

/**
 * Headers that end at the next hop (RFC 9110 §7.6.1, R16): never forwarded, in either direction; framing among
 * them, which is generated anew.
 */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

/** The form in which two spellings of a header are one to a lenient upstream (SPEC 3, R15). Pure. */
export const foldHeader = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '-')
