/** What of a request target may be told: in the log, in spans, to whoever looks at the status page (R26). */

/**
 * Without query and fragment, which may hold a token, and of a form that names an authority without user and password
 * (RFC 9110 §4.2.4), or without the authority where it is not plain. Pure.
 */
export function loggedPath(target: string): string {
  const end = target.search(/[?#]/)
  const path = end < 0 ? target : target.slice(0, end)
  if (path.startsWith('/') && !path.startsWith('//')) return path
  return path
    .replace(authority, (whole, scheme: string, host: string) =>
      plainHost.test(host) ? whole : scheme,
    )
    .replace(/^([^/]*\/\/)?[^/]*@/, '$1')
}

const plainHost = /^[\w.-]+(?::\d{1,5})?$/
const authority = /^([a-z][a-z0-9+.-]*:\/\/)([^/]*)/i
