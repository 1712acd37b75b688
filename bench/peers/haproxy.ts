/** HAProxy on one thread: forwarding only, and verifying every token anew (it keeps no verdicts). */
import { clientId, issuer, neededScope } from '../tokens.ts'
import { program, type System } from './system.ts'

export const haproxy: System = program(
  'HAProxy, forwarding only',
  'forwards',
  (setting, up, port) => {
    const config = setting.write(`haproxy/${port}.cfg`, configOf(port, up.port, ''))
    return { words: ['haproxy', '-db', '-f', config] }
  },
)

export const haproxyJwt: System = program('HAProxy jwt_verify', 'verifies', (setting, up, port) => {
  const key = setting.write('haproxy/key.pem', setting.tokens.publicPem)
  const config = setting.write(`haproxy/${port}.cfg`, configOf(port, up.port, checks(key)))
  return { words: ['haproxy', '-db', '-f', config] }
})

const configOf = (port: number, upstream: number, rules: string): string => `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
frontend in
  bind 127.0.0.1:${port}
${rules}  default_backend upstream
backend upstream
  http-reuse always
  server upstream 127.0.0.1:${upstream}
`

/** What Scopegate checks, too: algorithm, signature, issuer, kind of token, client, end of life, scope. */
function checks(key: string): string {
  const claim = (name: string, type = ''): string =>
    `http-request set-var(txn.${name}) var(txn.bearer),jwt_payload_query('$.${name}'${type})`
  const unless = (condition: string): string =>
    `http-request deny deny_status 401 unless { ${condition} }`
  const lines = [
    'http-request set-var(txn.bearer) http_auth_bearer',
    `http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')`,
    unless('var(txn.alg) -m str RS256'),
    ...[claim('iss'), claim('token_use'), claim('client_id'), claim('scope')],
    claim('exp', `,'int'`),
    'http-request set-var(txn.now) date()',
    unless(`var(txn.iss) -m str ${issuer}`),
    unless('var(txn.token_use) -m str access'),
    unless(`var(txn.client_id) -m str ${clientId}`),
    unless('var(txn.exp),sub(txn.now) -m int gt 0'),
    `http-request deny deny_status 403 unless { var(txn.scope) -m reg '(^| )${neededScope}( |$)' }`,
    unless(`var(txn.bearer),jwt_verify(txn.alg,"${key}") -m int 1`),
  ]
  return lines.map((line) => `  ${line}\n`).join('')
}
