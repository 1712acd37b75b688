/** How a client proves itself at the token endpoint (RFC 6749 §2.3.1). */
import type * as OAuth from 'oauth4webapi'
import type { ClientSettings } from './settings.ts'

/** The library's hook for one client; the secret is revealed when the request is written. */
export function clientAuth(oauth: typeof OAuth, client: ClientSettings): OAuth.ClientAuth {
  return (server, { client_id }, body, headers) => {
    const clientSecret = client.clientSecret.reveal()
    if (client.authMethod === 'client_secret_post')
      return oauth.ClientSecretPost(clientSecret)(server, { client_id }, body, headers)
    if (client.basicEncoding === 'rfc6749')
      return oauth.ClientSecretBasic(clientSecret)(server, { client_id }, body, headers)
    // The library form-encodes both halves, as the RFC wants. Issuers that do not decode them need
    // them as they stand; only a secret with a character such as `+` or `/` shows the difference.
    const credentials = Buffer.from(`${client_id}:${clientSecret}`, 'utf8').toString('base64')
    headers.set('authorization', `Basic ${credentials}`)
  }
}
