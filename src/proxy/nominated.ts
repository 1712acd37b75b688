/** Headers that a message nominates to end at the next hop (RFC 9110 §7.6.1, R16). */

/**
 * Never removed because `Connection` nominates them: without them the message would be another one. The last two
 * make a preflight, which may pass without a token.
 */
const essential: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'content-type',
  'origin',
  'access-control-request-method',
])

/** Names that `Connection` nominates, lower case; undefined when there are none. Pure. */
export function nominated(rawHeaders: readonly string[]): ReadonlySet<string> | undefined {
  let names: Set<string> | undefined
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    for (const item of (rawHeaders[i + 1] as string).split(',')) {
      const option = item.trim().toLowerCase()
      if (option === '' || option === 'keep-alive' || option === 'close') continue
      if (!essential.has(option)) (names ??= new Set()).add(option)
    }
  }
  return names
}
