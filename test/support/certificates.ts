/**
 * Certificates for tests, made with node:crypto alone: Node reads X.509 but cannot write it, and a bare
 * machine has no openssl. DER by hand (X.690), just enough for RFC 5280 version 3.
 */
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'

export type Certificates = {
  /** PEM texts. `cert` is signed by `ca`; both leaf certificates hold localhost, 127.0.0.1 and ::1. */
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly selfSigned: { readonly cert: string; readonly key: string }
  /** Of `ca`, for a caller: its subject is `caller`; where that is empty it has a SPIFFE id alone, for `null` no name at all. */
  readonly caller: { readonly cert: string; readonly key: string }
}

/** A private CA, a certificate of it, and one that nobody signed but itself; each call makes new ones. */
export function makeCertificates(caller: string | null = 'caller'): Certificates {
  const authority = makeKeys()
  const leaf = makeKeys()
  const alone = makeKeys()
  const asking = makeKeys()
  const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'pkcs8' }).toString()
  return {
    ca: certificate('test CA', authority, 'test CA', authority, [isAuthority]),
    cert: certificate('localhost', leaf, 'test CA', authority, [localNames]),
    key: pem(leaf.privateKey),
    caller: {
      cert: certificate(
        caller ?? '',
        asking,
        'test CA',
        authority,
        caller === '' ? [spiffeId] : [],
      ),
      key: pem(asking.privateKey),
    },
    selfSigned: {
      cert: certificate('localhost', alone, 'localhost', alone, [localNames]),
      key: pem(alone.privateKey),
    },
  }
}

type Keys = { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
const makeKeys = (): Keys => generateKeyPairSync('ec', { namedCurve: 'P-256' })

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  const size = content.length
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

const sequence = (...contents: readonly Buffer[]) => der(0x30, ...contents)
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const bits = (content: Buffer) => der(0x03, Buffer.from([0]), content)
const extension = (id: Buffer, value: Buffer, critical: boolean) =>
  sequence(id, ...(critical ? [der(0x01, Buffer.from([255]))] : []), der(0x04, value))

const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'))
const isAuthority = extension(oid('551d13'), sequence(der(0x01, Buffer.from([255]))), true)
const localNames = extension(
  oid('551d11'),
  sequence(
    der(0x82, Buffer.from('localhost')),
    der(0x87, Buffer.from([127, 0, 0, 1])),
    der(0x87, Buffer.from('00000000000000000000000000000001', 'hex')),
  ),
  false,
)

const spiffeId = extension(
  oid('551d11'),
  sequence(der(0x86, Buffer.from('spiffe://example/worker'))),
  true,
)

function name(text: string): Buffer {
  if (text === '') return sequence()
  return sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(text)))))
}

function time(daysFromNow: number): Buffer {
  const at = new Date(Date.now() + daysFromNow * 86_400_000).toISOString()
  return der(0x18, Buffer.from(`${at.slice(0, 19).replace(/[-:T]/g, '')}Z`))
}

function certificate(
  subject: string,
  keys: Keys,
  issuer: string,
  issuerKeys: Keys,
  extensions: readonly Buffer[],
): string {
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1]), randomBytes(8)),
    ecdsaWithSha256,
    name(issuer),
    sequence(time(-1), time(2)),
    name(subject),
    keys.publicKey.export({ format: 'der', type: 'spki' }),
    der(0xa3, sequence(...extensions)),
  )
  // the signature's own BIT STRING is not part of what is signed
  const whole = sequence(body, ecdsaWithSha256, bits(sign('sha256', body, issuerKeys.privateKey)))
  const lines = whole.toString('base64').replace(/.{64}/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}
