/** deploy/compose.yaml by podman-compose: what needs no image of others is started, asked and stopped. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { repository } from '../support/command.ts'
import { inspect, podman, until } from './podman.ts'

const run = promisify(execFile)
const services = ['issuer', 'legacy-api', 'inbound', 'outbound']
const compose = (...args: readonly string[]) =>
  run('podman-compose', [
    ...['--podman-path', join(repository, '.ci/podman-of-compose')],
    ...['--file', join(repository, 'deploy/compose.yaml'), '--project-name', 'scopegate'],
    ...args,
  ])

async function ask(path: string, headers: Readonly<Record<string, string>> = {}) {
  const answer = await fetch(`http://127.0.0.1:8080${path}`, { headers })
  return { status: answer.status, body: await answer.text() }
}

t.test('tokens are asked of callers and attached to calls, and everything ends well', async (t) => {
  t.teardown(() => compose('down', '--timeout', '0'))
  await compose('up', '--detach', '--no-build', ...services)
  const isReady = async () => (await ask('/invoices/1')).status === 200
  await until(isReady, () => podman('ps', '--all'))

  t.match(await ask('/export/1'), { status: 401, body: '"code":"missing_token"' })
  t.same(await ask('/status'), { status: 200, body: 'well\n' })
  t.match(await ask('/invoices/7'), {
    status: 200,
    body: /^GET \/export\/invoices\/7 for \w{26}\n$/,
  })

  const line = 'token export-service --raw -c /etc/scopegate/proxy.config.yaml'.split(' ')
  const main = ['node', '/opt/scopegate/dist/main.js']
  const token = await podman('exec', 'scopegate_outbound_1', ...main, ...line)
  const headers = { authorization: `Bearer ${token}` }
  t.match(await ask('/export/1', headers), { status: 200, body: /^GET \/export\/1 for \w{26}\n$/ })
  t.match(await ask('/upload', headers), { status: 403 }, 'the token is for exports')

  await compose('stop', '--timeout', '10')
  for (const name of services) {
    const { State } = await inspect<{ State: { ExitCode: number } }>(`scopegate_${name}_1`)
    t.equal(State.ExitCode, 0, name)
  }
})
