/** Certificate and key of a listener: read with the configuration, watched with it (SPEC 2). */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type * as z from 'zod'
import { seconds, secret } from '../../units.ts'
import type { ListenerTls } from '../config.ts'
import type { KeyPath } from '../problems.ts'
import { report } from '../read.ts'
import type { listenerTlsSchema } from '../schema/shared.ts'
import { readSource, shown, type Context } from './context.ts'
import { isCertificate, isPrivateKey } from './files.ts'

/** What a listener presents, and whom it wants to see; undefined when there is a problem, which is reported. */
export function readListenerTls(
  context: Context,
  path: KeyPath,
  tls: z.output<typeof listenerTlsSchema>,
): ListenerTls | undefined {
  const file = (
    key: 'cert' | 'key' | 'clientCa',
    isRight: (text: string) => boolean,
    what: string,
  ): string | undefined => {
    const name = tls[key]
    if (name === undefined) return undefined
    const at = [...path, key]
    const text = readSource(context, at, name)
    if (text === undefined || isRight(text)) return text
    report(context, at, `the file ${shown(context, at)} holds no ${what} in PEM form`)
    return undefined
  }
  const cert = file('cert', isCertificate, 'certificate')
  const key = file('key', isPrivateKey, 'private key without a password')
  const clientCa = file('clientCa', isCertificate, 'certificate')
  if (cert === undefined || key === undefined) return undefined
  if (tls.clientCa !== undefined && clientCa === undefined) return undefined
  const leaf = new X509Certificate(cert)
  if (!leaf.checkPrivateKey(createPrivateKey(key))) {
    report(context, [...path, 'key'], 'is not the key of `cert`; write the files of one pair')
    return undefined
  }
  const refused = refusalOf(cert, key, clientCa)
  if (refused !== undefined) {
    report(context, path, `OpenSSL refuses these files (${refused})`)
    return undefined
  }
  const expiresAt = seconds(new Date(leaf.validTo).getTime() / 1000)
  return { cert, key: secret(key), clientCa, expiresAt }
}

/** A key that is too short, for one; as OpenSSL names it. */
function refusalOf(cert: string, key: string, ca: string | undefined): string | undefined {
  try {
    createSecureContext({ cert, key, ca })
    return undefined
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
}
