/** Apache with mod_oauth2, one process of many threads. It keeps 1,000 verdicts for five minutes, its default. */
import { clientId, issuer, wholeScope } from '../tokens.ts'
import { program, type System } from './system.ts'

const modules = [
  ...['mpm_event', 'authn_core', 'authz_core', 'authz_user'],
  ...['proxy', 'proxy_http', 'oauth2'],
]

export const modOauth2: System = program('Apache mod_oauth2', 'verifies', (setting, up, port) => {
  const folder = `${setting.folder}/apache-${port}`
  const config = setting.write(
    `apache-${port}/httpd.conf`,
    configOf({ folder, port, upstream: up.port, jwk: JSON.stringify(setting.tokens.jwk) }),
  )
  return { words: ['apache2', '-f', config, '-DFOREGROUND'] }
})

type Parts = {
  readonly folder: string
  readonly port: number
  readonly upstream: number
  readonly jwk: string
}

/** The whole scope text is compared: a pattern for one scope in it did not match in this version. */
function configOf({ folder, port, upstream, jwk }: Parts): string {
  const lines = modules.map(
    (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`,
  )
  return `ServerRoot ${folder}
ServerName localhost
DefaultRuntimeDir ${folder}
PidFile ${folder}/pid
Listen 127.0.0.1:${port}
ErrorLog ${folder}/error.log
LogLevel crit
${lines.join('\n')}
StartServers 1
ServerLimit 1
ThreadLimit 256
ThreadsPerChild 256
MaxRequestWorkers 256
MaxConnectionsPerChild 0
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 600
OAuth2TokenVerify jwk '${jwk}' verify.exp=required
ProxyPass / http://127.0.0.1:${upstream}/ keepalive=On
<Location />
  AuthType oauth2
  <RequireAll>
    Require oauth2_claim iss:${issuer}
    Require oauth2_claim token_use:access
    Require oauth2_claim client_id:${clientId}
    Require oauth2_claim "scope:${wholeScope}"
  </RequireAll>
</Location>
`
}
