/** A real Chromium, and what it complains about. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Debian's, which asks nobody for anything by itself. */
export async function startBrowser(t: Test): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  })
  t.teardown(() => browser.close())
  return browser
}

export type Look = {
  readonly page: Page
  /** Console errors and warnings, exceptions, violations of the page's policy, requests that failed. */
  readonly complaints: readonly string[]
}

/** A page of its own; nothing of it is shared with another. */
export async function look(
  t: Test,
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<Look> {
  const context = await browser.newContext(options)
  t.teardown(() => context.close())
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.exposeFunction('complain', (text: string) => complaints.push(text))
  await page.addInitScript(
    "addEventListener('securitypolicyviolation', (e) => complain(e.violatedDirective + ' ' + e.blockedURI))",
  )
  return { page, complaints }
}

export const phone = { width: 390, height: 844 }
export const desk = { width: 1280, height: 900 }

/** What axe finds wrong, as `rule: element`. */
export async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe)
  return page.evaluate<string[]>(
    "axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html.slice(0, 200))))",
  )
}

/** Resolves when the page says that it is live. */
export const isLive = (page: Page): Promise<unknown> =>
  page.locator('#live', { hasText: /^Live$/ }).waitFor()
