/** Secrets and TLS files: read with the configuration, watched with it (SPEC 2). */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import type * as z from 'zod'
import type { TlsSettings } from '../../tokens/settings.ts'
import { secret, type Secret } from '../../units.ts'
import type { KeyPath } from '../problems.ts'
import { report, reportLack } from '../read.ts'
import type { SecretInput } from '../schema/clients.ts'
import type { tlsSchema } from '../schema/shared.ts'
import { readSource, shown, warn, type Context } from './context.ts'

/** A secret from the file itself, a variable, or another file. */
export function readSecret(
  context: Context,
  path: KeyPath,
  input: SecretInput,
): Secret | undefined {
  if (typeof input === 'string') {
    if (context.document.place(path)?.source === input)
      warn(
        context,
        path,
        'the secret stands in this file; { env: NAME } or { file: path } keeps it out',
      )
    return secret(input)
  }
  const { env, file } = input
  if (env !== undefined && file === undefined) {
    const value = context.environment[env]
    if (value !== undefined && value !== '') return secret(value)
    const at = [...path, 'env']
    report(
      context,
      at,
      `the environment variable ${shown(context, at)} is missing or empty; set it`,
    )
  } else if (file !== undefined && env === undefined) {
    const at = [...path, 'file']
    const text = readSource(context, at, file)?.replace(/\r?\n$/, '')
    if (text === undefined) return undefined
    if (text !== '') return secret(text)
    report(context, at, `the file ${shown(context, at)} is empty; put the secret in`)
  } else reportLack(context, path, 'must be { env: NAME } or { file: path }')
  return undefined
}

/** Authorities, certificate and key as text, each looked at once. */
export function readTls(
  context: Context,
  path: KeyPath,
  tls: z.output<typeof tlsSchema> | undefined,
): TlsSettings | undefined {
  if (tls === undefined) return undefined
  const file = (key: 'ca' | 'cert' | 'key', isRight: (text: string) => boolean, what: string) => {
    const name = tls[key]
    const at = [...path, key]
    const text = name === undefined ? undefined : readSource(context, at, name)
    if (text !== undefined && !isRight(text))
      report(context, at, `the file ${shown(context, at)} holds no ${what} in PEM form`)
    return text
  }
  const ca = file('ca', isCertificate, 'certificate')
  const cert = file('cert', isCertificate, 'certificate')
  const key = file('key', isPrivateKey, 'private key without a password')
  if ((tls.cert === undefined) !== (tls.key === undefined))
    report(context, path, 'cert and key belong together; write both or none')
  return { ca, cert, key: key === undefined ? undefined : secret(key), serverName: tls.serverName }
}

export const isCertificate = (text: string) => isReadable(() => new X509Certificate(text))
export const isPrivateKey = (text: string) => isReadable(() => createPrivateKey(text))

function isReadable(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}
