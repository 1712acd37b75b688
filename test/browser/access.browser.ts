/** The report of `access --format html` in a real Chromium (`bash .ci/browser`): opened from a file, for everybody. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { accessPage } from '../../src/review/access/page.ts'
import { seconds } from '../../src/units.ts'
import { folderWith } from '../support/command.ts'
import { inboundWith } from '../support/config.ts'
import { machine, permissionsOf, reportOf, templateWith } from '../review/templates.ts'
import { desk, look, phone, startBrowser, violations } from './support.ts'

const browser = await startBrowser(t)

const routes = [
  '{ path: /export/**, methods: [GET], scopes: app-api/export }',
  '{ path: /upload, methods: [POST, PUT], scopes: app-api/upload, claims: { tier: gold } }',
  '{ path: /me, authenticated: true }',
  '{ path: /status, methods: [GET], public: true }',
].join(', ')
const hostile = `"><img src=x onerror=alert(1)><script>alert(1)</script>`
const template = templateWith(
  ['export', 'upload'],
  [
    machine('exporter', 'app-api/export'),
    machine('uploader', '!Ref Env, app-api/upload'),
    machine(JSON.stringify(hostile), 'app-api/export'),
  ],
)

function pageFile(t: Test): string {
  const report = reportOf(inboundWith(routes), permissionsOf(template))
  const facts = { templates: ['t.yaml'], parameters: [], version: '1.2.3', at: seconds(1e9) }
  const file = join(folderWith(t, {}), 'access.html')
  writeFileSync(file, accessPage(report, facts))
  return pathToFileURL(file).href
}

t.test('nobody has to complain: light, dark, on a phone, in print', async (t) => {
  const url = pageFile(t)
  for (const viewport of [desk, phone])
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, complaints } = await look(t, browser, {
        viewport,
        colorScheme,
        bypassCSP: false,
      })
      const asked: string[] = []
      page.on('request', (request) => asked.push(request.url()))
      await page.goto(url)
      t.strictSame(
        asked.filter((each) => each !== url && !each.startsWith('data:')),
        [],
        'it loads nothing',
      )
      t.equal(await page.title(), 'Who can call what: /etc/scopegate/c.yaml')
      t.strictSame(complaints, [])
      t.strictSame(await violations(page), [], `${viewport.width} ${colorScheme}`)
      await page.emulateMedia({ media: 'print' })
      t.notOk(await page.locator('#filter').isVisible())
    }
})

t.test('the filter leaves the rows that hold what was typed, and shows all again', async (t) => {
  const { page, complaints } = await look(t, browser, { viewport: desk })
  await page.goto(pageFile(t))
  const rows = page.locator('tbody tr:visible')
  const all = await rows.count()
  const filtered = async (field: string, text: string): Promise<readonly string[]> => {
    await page.locator('button[type=reset]').click()
    await page.getByLabel(field, { exact: true }).fill(text)
    return rows.allInnerTexts()
  }
  for (const row of await filtered('Client', 'EXPORTER')) t.match(row, /export|\/me/)
  t.equal(await page.locator('#left').innerText(), `${await rows.count()} rows`)
  t.ok((await filtered('Path', '/upload')).every((row) => row.startsWith('/upload')))
  t.ok((await filtered('Scope', 'app-api/upload')).every((row) => row.includes('app-api/upload')))
  t.strictSame(await filtered('Path', '/nowhere'), [])
  t.equal(await page.locator('#left').innerText(), '0 rows')
  t.equal(await page.locator('section:visible').count(), 0)
  await page.locator('button[type=reset]').click()
  await page.locator('section[hidden]').first().waitFor({ state: 'detached' })
  t.equal(await rows.count(), all)
  t.strictSame(complaints, [])
})

t.test('without a script it is whole, and has no filter that would do nothing', async (t) => {
  const { page } = await look(t, browser, { viewport: desk })
  const context = await browser.newContext({ javaScriptEnabled: false })
  t.teardown(() => context.close())
  const still = await context.newPage()
  const url = pageFile(t)
  await page.goto(url)
  await still.goto(url)
  t.notOk(await still.locator('#filter').isVisible())
  t.equal(await still.locator('tr').count(), await page.locator('tr').count())
  t.equal(await still.locator('img').count(), 0, 'a name is no more than a name')
  t.match(await still.locator('main').innerText(), 'onerror=alert(1)')
})
