/** The status page in a real Chromium (`bash .ci/browser`): live, without a complaint, and for everybody. */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { InboundConfig } from '../../src/config/config.ts'
import { createAdmin } from '../../src/ops/admin.ts'
import { createMetrics } from '../../src/ops/metrics.ts'
import { mostStreams } from '../../src/ops/page/streams.ts'
import type { Status } from '../../src/ops/status.ts'
import { explain } from '../../src/proxy/explain.ts'
import { ok } from '../../src/units.ts'
import { clientNamed, startTestIssuer } from '../dev/support.ts'
import { buildCommand, startCommand } from '../support/command.ts'
import { configOf, inboundWith } from '../support/config.ts'
import { exampleStatus } from '../support/status.ts'
import { exchangeRaw, startRawUpstream } from '../support/wire.ts'
import { desk, isLive, look, phone, startBrowser, violations } from './support.ts'

const browser = await startBrowser(t)

const inbound = configOf(
  inboundWith('{ path: /export/**, methods: [GET], scopes: app-api/export }'),
).inbound as InboundConfig

/** An admin listener that shows this status. */
async function serveStatus(t: Test, first: Status = exampleStatus, port = 0) {
  const shown = { status: first }
  const listen = { kind: 'tcp', host: '127.0.0.1', port } as const
  const config = { listen, allowRemoteStatus: false, allowShutdown: false, hosts: [] }
  const admin = createAdmin({
    config: () => ({ ...config, tokenPrices: [] }),
    metrics: createMetrics('1'),
    readiness: () => shown.status.readiness,
    status: () => shown.status,
    explain: (request, scopes) => explain(inbound, request, scopes),
    reload: () => ok('a'),
    shutdown: () => undefined,
  })
  const started = await admin.start(listen)
  t.teardown(() => admin.stop())
  return { admin, shown, url: started.ok ? started.value : '' }
}

/** As it is when nothing goes well. */
const unwell: Status = {
  ...exampleStatus,
  readiness: { ready: false, missing: ['keys of issuer app', 'token of client worker'] },
  config: {
    ...exampleStatus.config,
    lastReload: {
      ...{ at: exampleStatus.at, ok: false },
      problems: [{ line: 7, column: 5, key: 'inbound.routes[0].publik', message: 'is not known' }],
    },
  },
  issuers: exampleStatus.issuers.map((issuer) => ({ ...issuer, keyIds: [] })),
  denials: [],
}

t.test('it follows the traffic of the command as it is shipped', async (t) => {
  const issuer = await startTestIssuer(t)
  const upstream = await startRawUpstream(t)
  const client = clientNamed(issuer, 'export-service')
  const served = await startCommand(
    t,
    buildCommand(t),
    `version: 1
issuers: { app: { userPoolId: ${issuer.pools[0]?.id ?? ''}, endpoint: "${issuer.url}" } }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream.port}
  routes:
    - { path: /export/**, methods: [GET], scopes: app-api/export }
clients:
  worker: { tokenEndpoint: "${issuer.tokenEndpoint}", clientId: ${client.id}, clientSecret: { env: SECRET } }
outbound:
  listen: 127.0.0.1:0
  routes: [{ path: /api, upstream: "http://127.0.0.1:${upstream.port}", client: worker }]
admin: { listen: 127.0.0.1:0 }
`,
    { env: { SECRET: client.secret.reveal() } },
  )
  const token = issuer.sign(issuer.claims(client.id))
  const send = (port: number, path: string, more = '') =>
    exchangeRaw(port, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${more}Connection: close\r\n\r\n`)

  const { page, complaints } = await look(t, browser)
  await page.goto(`http://127.0.0.1:${served.admin}/`)
  await isLive(page)
  const row = page.locator('[data-live="inbound"] tbody tr')
  t.match(await row.innerText(), /GET \/export\/\*\*\s+app-api\/export\s+0\s+0\s+–\s+–/)
  for (let call = 0; call < 25; call += 1) {
    await send(served.inbound, '/export/1', `Authorization: Bearer ${token}\r\n`)
    if (call % 5 === 0) await send(served.inbound, '/export/1', 'X-Request-Id: without-token\r\n')
    await send(served.outbound, '/api/1')
  }
  await page.getByRole('row', { name: /app-api\/export 25 5 / }).waitFor()
  await page.locator('[data-live="denials"] tr', { hasText: 'without-token' }).first().waitFor()
  await page.getByRole('row', { name: 'worker 60 min 1 25 25 ' }).waitFor()
  t.equal(await page.locator('[data-live="denials"] tbody tr').count(), 5)
  t.ok((await page.locator('.bars.calm').getAttribute('d'))?.startsWith('M'))
  const text = await page.content()
  for (const hidden of [token, client.secret.reveal()]) t.notMatch(text, hidden)

  t.strictSame(complaints, [])
  // an open page holds nothing up
  served.child.kill('SIGTERM')
  t.equal((await served.ended).code, 0)
  await page.locator('#live', { hasText: 'Not live, trying again' }).waitFor()
})

t.test('the form answers in place, and as a page of its own where scripts are off', async (t) => {
  const { url } = await serveStatus(t)
  for (const javaScriptEnabled of [true, false]) {
    const { page, complaints } = await look(t, browser, { javaScriptEnabled })
    await page.goto(url)
    const ask = async (request: string, scopes: string): Promise<string> => {
      await page.getByLabel('Request', { exact: true }).fill(request)
      await page.getByLabel('Scopes of the token').fill(scopes)
      await page.getByRole('button', { name: 'Explain' }).click()
      await page.locator('#answer', { hasText: request.slice(-9) }).waitFor()
      return page.locator('#answer').innerText()
    }
    t.match(await ask('GET /export/1', 'app-api/export'), /Allowed GET \/export\/1/)
    const denied = await ask('GET /export/2', 'app-api/upload')
    t.match(denied, '403 insufficient_scope The route needs app-api/export.')
    t.match(denied, 'Without a token: 401 missing_token.')
    t.match(await ask('GET /<b>hostile', ''), 'GET /<b>hostile')
    t.equal(await page.locator('#answer b', { hasText: 'hostile' }).count(), 0)
    t.match(page.url(), /\/\?request=GET\+%2F%3Cb%3Ehostile&scopes=$/)
    await page.reload()
    t.match(await page.locator('#answer').innerText(), 'no_route')
    t.strictSame(complaints, [])
  }
})

t.test('the keyboard alone is enough', async (t) => {
  const { url } = await serveStatus(t)
  const { page } = await look(t, browser)
  await page.goto(url)
  await isLive(page)
  const focused = (): Promise<unknown> => page.evaluate('document.activeElement.id')
  await page.keyboard.press('Tab')
  t.equal(await focused(), 'request')
  const outline = 'getComputedStyle(document.activeElement).outlineStyle'
  t.equal(await page.evaluate(outline), 'solid')
  await page.keyboard.type('GET /export/1')
  await page.keyboard.press('Tab')
  t.equal(await focused(), 'scopes')
  await page.keyboard.press('Enter')
  await page.locator('#answer', { hasText: 'insufficient_scope' }).waitFor()
  t.equal(await focused(), 'scopes')
  await page.keyboard.type('app-api/export')
  await page.keyboard.press('Tab')
  t.equal(await page.evaluate(outline), 'solid')
  await page.keyboard.press('Space')
  await page.locator('#answer', { hasText: 'Allowed' }).waitFor()
})

t.test('what somebody marks stays until they are done', async (t) => {
  const { url, shown } = await serveStatus(t)
  const { page, complaints } = await look(t, browser)
  await page.goto(url)
  await isLive(page)
  const mark = (selector: string): Promise<unknown> =>
    page.evaluate(`getSelection().selectAllChildren(document.querySelector('${selector}'))`)
  await mark('[data-live="denials"] tbody code')
  const marked = await page.evaluate('String(getSelection())')
  const [denial] = exampleStatus.denials
  const route = { ...exampleStatus.inbound!.routes[0]!, allowed: 99_999 }
  shown.status = {
    ...exampleStatus,
    inbound: { mode: 'enforce', routes: [route] },
    denials: [{ ...denial!, reason: 'claim_mismatch' }],
  }
  await page.locator('[data-live="inbound"]', { hasText: '99,999' }).waitFor()
  t.equal(await page.evaluate('String(getSelection())'), marked)
  t.equal(await page.locator('[data-live="denials"]', { hasText: 'claim_mismatch' }).count(), 0)
  await page.evaluate('getSelection().removeAllRanges()')
  await page.locator('[data-live="denials"]', { hasText: 'claim_mismatch' }).waitFor()
  t.strictSame(complaints, [])
})

t.test('it is live again after a restart, and loads a page of another version', async (t) => {
  const { admin, url } = await serveStatus(t)
  const { page } = await look(t, browser)
  await page.goto(url)
  await isLive(page)
  await admin.stop()
  await page.locator('#live', { hasText: 'Not live' }).waitFor()
  const port = Number(new URL(url).port)
  const second = await serveStatus(t, unwell, port)
  await page.getByText('Not ready').waitFor()
  await isLive(page)
  await second.admin.stop()
  await serveStatus(t, { ...exampleStatus, version: '0.2.0' }, port)
  await page.locator('h1', { hasText: '0.2.0' }).waitFor()
  await isLive(page)
  t.equal(await page.getByText('Not ready').count(), 0)
})

t.test('one too many says that it is not live, until there is room', async (t) => {
  const { url } = await serveStatus(t)
  const all = await Promise.all(Array.from({ length: mostStreams }, () => look(t, browser)))
  for (const { page } of all) {
    await page.goto(url)
    await isLive(page)
  }
  const { page } = await look(t, browser)
  await page.goto(url)
  await page.locator('#live', { hasText: 'Not live, trying again' }).waitFor()
  await all[0]?.page.close()
  await isLive(page)
  t.equal(await page.locator('#live').innerText(), 'Live')
})

t.test('axe finds nothing wrong, light or dark, wide or narrow, well or not', async (t) => {
  for (const [name, status, request] of [
    ['well', exampleStatus, 'GET /export/1'],
    ['unwell', unwell, 'nonsense'],
  ] as const) {
    const { url } = await serveStatus(t, status)
    for (const colorScheme of ['light', 'dark'] as const)
      for (const viewport of [desk, phone]) {
        const what = `${name}, ${colorScheme}, ${viewport.width}`
        const { page, complaints } = await look(t, browser, { colorScheme, viewport })
        await page.goto(`${url}/?request=${encodeURIComponent(request)}`)
        await isLive(page)
        t.strictSame(await violations(page), [], what)
        const width = await page.evaluate('document.documentElement.scrollWidth')
        t.equal(width, viewport.width, `${what}: nothing sticks out`)
        t.strictSame(complaints, [], what)
      }
  }
})

t.test('tables are tables for a screen reader, on a phone too', async (t) => {
  const { url } = await serveStatus(t)
  for (const viewport of [desk, phone]) {
    const { page } = await look(t, browser, { viewport })
    await page.goto(url)
    const table = page.getByRole('table', { name: 'Inbound routes' })
    t.equal(await table.getByRole('columnheader').count(), 6)
    t.equal(await table.getByRole('rowheader', { name: 'GET /export/**' }).count(), 1)
    t.equal(await table.getByRole('cell', { name: '38,412' }).count(), 1)
    t.equal(await page.getByRole('img', { name: /Requests per second: 38\.4 now/ }).count(), 1)
  }
})

t.test('its picture is taken', async (t) => {
  const { url } = await serveStatus(t)
  const folder = process.env['PICTURES']
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page } = await look(t, browser, { colorScheme, viewport: { width: 1280, height: 900 } })
    await page.goto(`${url}/?request=GET+/export/1&scopes=app-api/upload`)
    await isLive(page)
    const path = folder === undefined ? undefined : join(folder, `status-${colorScheme}.png`)
    const picture = await page.screenshot({ fullPage: true, ...(path !== undefined && { path }) })
    t.ok(picture.length > 50_000)
  }
})
