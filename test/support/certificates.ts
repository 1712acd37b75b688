/** Makes X.509 certificates for loopback, as no tool for it comes with Node: just enough DER (RFC 5280). */
import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

type Certificate = { readonly cert: string; readonly key: string }

const der = (tag: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts)
  const size = body.length
  const head =
    size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, Math.floor(size / 256), size % 256]
  return Buffer.concat([Buffer.from([tag, ...head]), body])
}
const sequence = (...parts: Buffer[]) => der(0x30, ...parts)
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const octets = (body: Buffer) => der(0x04, body)
const bits = (body: Buffer) => der(0x03, Buffer.from([0]), body)
const time = (text: string) => der(0x18, Buffer.from(text))
const named = (name: string) =>
  sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(name)))))
const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'))
const yes = Buffer.from([0x01, 0x01, 0xff])

function certificate(subject: string, issuer: { name: string; key: KeyObject } | undefined) {
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const extensions = [
    // basicConstraints; for a leaf subjectAltName: localhost, 127.0.0.1
    issuer === undefined
      ? sequence(oid('551d13'), yes, octets(sequence(yes)))
      : sequence(
          oid('551d11'),
          octets(
            sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1]))),
          ),
        ),
  ]
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1]), randomBytes(8)),
    ecdsaWithSha256,
    named(issuer?.name ?? subject),
    sequence(time('20200101000000Z'), time('21200101000000Z')),
    named(subject),
    pair.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  const signature = sign('sha256', body, issuer?.key ?? pair.privateKey)
  const whole = sequence(body, ecdsaWithSha256, bits(signature)).toString('base64')
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${whole}\n-----END CERTIFICATE-----\n`,
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** A private CA and a certificate that it signed for `localhost` and 127.0.0.1; also good for a TLS client. */
export function makeCertificates(): { readonly ca: string; readonly leaf: Certificate } {
  const ca = certificate('Scopegate test CA', undefined)
  const issuer = { name: 'Scopegate test CA', key: createPrivateKey(ca.key) }
  return { ca: ca.cert, leaf: certificate('localhost', issuer) }
}
