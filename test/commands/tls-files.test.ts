/** The real command with certificate and key from a mounted secret that is renewed, as cert-manager does it. */
import { once } from 'node:events'
import tls from 'node:tls'
import t from 'tap'
import { buildCommand, portsIn, start } from '../support/command.ts'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { mountedFolder } from '../support/mounted.ts'
import { readAll, startRawUpstream, answerOk } from '../support/wire.ts'

const built = buildCommand(t)
const request = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n'
const last = request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')

t.test('a renewed secret serves the next connection, and none is dropped', async (t) => {
  const upstream = await startRawUpstream(t, answerOk())
  const secret = mountedFolder(t)
  const put = ({ cert, key }: Certificates): void => {
    secret.swap({ 'tls.crt': cert, 'tls.key': key })
  }
  const [before, after] = [makeCertificates(), makeCertificates()]
  put(before)
  const CONFIG = `version: 1
inbound:
  listen:
    host: 127.0.0.1
    port: 0
    tls: { cert: ${secret.folder}/tls.crt, key: ${secret.folder}/tls.key }
  upstream: http://127.0.0.1:${upstream.port}
  routes: [{ path: /a, methods: [GET], public: true }]
admin: { listen: 127.0.0.1:0 }
`
  const running = start(t, built, ['run', '-c', 'env:CONFIG'], { env: { CONFIG } })
  const { inbound } = portsIn(await running.said(/"msg":"started".*\n/))
  const dial = async ({ ca }: Certificates) => {
    const socket = tls.connect({ host: '127.0.0.1', port: inbound, ca, servername: 'localhost' })
    await once(socket, 'secureConnect')
    return socket
  }
  const standing = await dial(before)
  standing.write(request)
  await once(standing, 'data')

  put(after)
  await running.said(/configuration reloaded/)
  const fresh = await dial(after)
  fresh.write(last)
  t.match(await readAll(fresh), /^HTTP\/1.1 200/)
  standing.write(last)
  t.match(await readAll(standing), /^HTTP\/1.1 200/)
  running.child.kill('SIGTERM')
  t.equal((await running.ended).code, 0)
})
