/** Who the caller is by its certificate, where the listener asked for one and verified it. */
import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** Does the caller speak TLS to us? */
export function isSecure(socket: Socket): socket is TLSSocket {
  return socket instanceof TLSSocket
}

/** Node's types forget that an empty subject is none. */
type NamedCertificate = Omit<X509Certificate, 'subject'> & { readonly subject: string | undefined }

const subjects = new WeakMap<Socket, string>()

/**
 * The subject as one line of visible ASCII, most specific part first (RFC 4514 §2): `CN=worker,O=Example`. Of a
 * certificate without one, as SPIFFE makes them, its alternative names: `URI:spiffe://example/worker`.
 * Undefined without a verified certificate.
 */
export function subjectOf(socket: Socket): string | undefined {
  if (!isSecure(socket) || !socket.authorized) return undefined
  const known = subjects.get(socket)
  if (known !== undefined) return known
  // nobody is authorized without one
  const certificate = socket.getPeerX509Certificate() as NamedCertificate
  const text = oneLine(certificate.subject ?? certificate.subjectAltName ?? 'no name')
  subjects.set(socket, text)
  return text
}

/** OpenSSL gives a line for each part and has escaped what RFC 4514 §2.4 names; the rest are bytes in hex. Pure. */
export function oneLine(subject: string): string {
  return subject
    .split('\n')
    .reverse()
    .join(',')
    .replace(/[^\x20-\x7e]/gu, (character) =>
      Buffer.from(character)
        .toString('hex')
        .replace(/../g, (byte) => `\\${byte.toUpperCase()}`),
    )
}
