/** Whether an address may be told a client secret. Pure. */

export type CheckedEndpoint = {
  readonly url: string
  /** http, which only loopback may be. */
  readonly isPlaintext: boolean
}

/** https, or http on loopback (SPEC 4), without user or password (fetch refuses those). Undefined = it may not. */
export function checkEndpoint(address: string): CheckedEndpoint | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || url.username !== '' || url.password !== '') return undefined
  if (url.protocol === 'https:') return { url: url.href, isPlaintext: false }
  // `URL` has turned every spelling of an IPv4 address into four decimal numbers
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
  return url.protocol === 'http:' && isLoopback ? { url: url.href, isPlaintext: true } : undefined
}
