/** The built Scopegate, configured as the repository's own example is; metrics are on. */
import { join } from 'node:path'
import type { Setting } from '../setting.ts'
import { clientId, poolId } from '../tokens.ts'
import { freePort } from './process.ts'
import { type Does, program, type System, type Upstream } from './system.ts'

const main = join(import.meta.dirname, '../../dist/main.js')

/** Verdicts that it keeps (src/tokens/verified.ts); no key of the configuration changes it. */
export const verdictsKept = 10_000

export const scopegateTracing = inbound('Scopegate, tracing', { sampled: 0, traced: 1 })
export const scopegateSampling = inbound('Scopegate, 1 % traced', { sampled: 0, traced: 0.01 })
export const outboundHttp = outbound('Scopegate outbound, HTTP', 'http')
export const outboundHttps = outbound('Scopegate outbound, HTTPS', 'https')

type Parts = {
  /** Share of allowed requests that are logged. */
  readonly sampled: 0 | 1
  /** Routes besides those of the example. */
  readonly more?: number
  /** Share of traces that are kept; left out: tracing is off. */
  readonly traced?: number | undefined
}

export const scopegate = inbound('Scopegate', { sampled: 0 })
/** Its log goes to a file, as a container's stdout does. */
export const scopegateLogging = inbound('Scopegate, access log', { sampled: 1 })
export const scopegate10Routes = inbound('Scopegate, 10 routes', { sampled: 0, more: 5 })
export const scopegate2000Routes = inbound('Scopegate, 2,000 routes', { sampled: 0, more: 1995 })
function inbound(name: string, { sampled, more = 0, traced }: Parts): System {
  const routes = Array.from({ length: more }, (_, at) => {
    const methods = at % 3 === 0 ? 'GET' : 'POST'
    return `    - { path: '/tenants/t${at}/items/{item}', methods: ${methods}, scopes: app-api/export }\n`
  })
  const config: ConfigOf = ({ tokens, write }, { port }, listen) => {
    const keys = write('scopegate/jwks.json', JSON.stringify({ keys: [tokens.jwk] }))
    return `issuers:
  app: { userPoolId: ${poolId}, clientIds: ${clientId}, jwks: { file: ${keys} } }
inbound:
  listen: 127.0.0.1:${listen}
  upstream: http://127.0.0.1:${port}
  policies:
    ExportPolicy: { scopes: app-api/export }
  routes:
    - { path: /export/**, methods: [GET], policy: ExportPolicy }
    - { path: /upload, methods: [POST, PUT], scopes: app-api/upload }
    - path: '/files/{fileId}'
      methods: [GET, DELETE]
      scopes: { anyOf: [app-api/export, app-api/upload] }
    - { path: /me, methods: [GET], authenticated: true }
    - { path: /status, methods: [GET], public: true }
${routes.join('')}`
  }
  return scopegateOf(name, 'verifies', { sampled, traced }, config)
}

function outbound(name: string, scheme: 'http' | 'https'): System {
  return scopegateOf(
    name,
    'attaches',
    { sampled: 0 },
    ({ certificates, tokenEndpoint, write }, up, listen) => {
      const ca = write('scopegate/ca.pem', certificates.ca)
      const tls = scheme === 'https' ? `, tls: { ca: ${ca} }` : ''
      const port = scheme === 'https' ? up.tlsPort : up.port
      return `clients:
  worker: { tokenEndpoint: '${tokenEndpoint}', clientId: ${clientId}, clientSecret: secret }
outbound:
  listen: 127.0.0.1:${listen}
  routes:
    - path: /app-api
      upstream: { url: '${scheme}://127.0.0.1:${port}'${tls} }
      client: worker
      scopes: [app-api/export]
`
    },
  )
}

type ConfigOf = (setting: Setting, upstream: Upstream, listen: number) => string

function scopegateOf(
  name: string,
  does: Does,
  { sampled, traced }: Parts,
  configOf: ConfigOf,
): System {
  return program(name, does, async (setting, upstream, port) => {
    const admin = await freePort()
    const config = setting.write(
      `scopegate/${port}.yaml`,
      `version: 1
${configOf(setting, upstream, port)}admin: { listen: 127.0.0.1:${admin} }
log: { sampleAllowed: ${sampled} }
`,
    )
    return {
      words: [setting.node, main, 'run', '-c', config],
      ...(sampled === 1 ? { stdout: setting.write(`scopegate/${port}.log`, '') } : {}),
      ...(traced === undefined ? {} : { env: tracing(setting, traced) }),
      admin,
    }
  })
}

function tracing({ collector }: Setting, share: number): Readonly<Record<string, string>> {
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector,
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: String(share),
  }
}
