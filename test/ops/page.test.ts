/** The status page as text: what it shows, and that nothing shown is ever taken for HTML. */
import t from 'tap'
import fc from 'fast-check'
import { type Asked, liveParts, pageText } from '../../src/ops/page/document.ts'
import { explanation } from '../../src/ops/page/explanation.ts'
import { markup, textOf } from '../../src/ops/page/markup.ts'
import { plot } from '../../src/ops/page/plot.ts'
import * as words from '../../src/ops/page/words.ts'
import type { Explanation, Status } from '../../src/ops/status.ts'
import '../support/seed.ts'
import { exampleStatus } from '../support/status.ts'

const nothing: Asked = { request: '', scopes: '', explanation: undefined }
const page = (status: Status = exampleStatus, asked = nothing): string => pageText(status, asked)
const part = (name: string, changes: Partial<Status> = {}): string =>
  liveParts({ ...exampleStatus, ...changes })[name] ?? ''

t.test('a template escapes every value, in text and in attributes', (t) => {
  const hostile = `<script>alert("1")</script>&amp;'`
  const { [0]: attribute, length } = [textOf(markup`<a title="${hostile}">${hostile}</a>`)]
  const safe = '&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;&#38;amp;&#39;'
  t.equal(attribute, `<a title="${safe}">${safe}</a>`)
  t.equal(length, 1)
  t.equal(
    textOf(markup`${1}${undefined}${[markup`<b>`, markup`${'<'}`]}${markup`</b>`}`),
    '1<b>&#60;</b>',
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => !/[<>"']/.test(textOf(markup`${text}`))),
  )
  t.end()
})

t.test('what looks like a template or like HTML already is still only text', (t) => {
  // what a careless cast would let through
  const forged = { toString: () => '<b>', escaped: '<b>' } as unknown as string
  t.throws(() => textOf(markup`${forged}`))
  t.equal(textOf(markup`${'${1}'}`), '${1}')
  t.end()
})

/** Every text of the status replaced by one that would break out of anything. */
const breaking = `"'><script>x</script><img src=x onerror=y>&`
function poisoned<Value>(value: Value): Value {
  if (typeof value === 'string') return (/^\d{4}-/.test(value) ? value : breaking) as Value
  if (Array.isArray(value)) return value.map(poisoned) as Value
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, poisoned(one)]),
  ) as Value
}

t.test('hostile names, ids and messages stay text everywhere', (t) => {
  const told: Explanation = {
    kind: 'explained',
    ...{ method: breaking, target: breaking, needs: breaking, provided: [breaking] },
    verdict: { kind: 'deny', status: 403, code: breaking, detail: breaking, enforced: true },
    route: { id: breaking, line: 1 },
    withoutToken: { kind: 'deny', status: 401, code: breaking, detail: '', enforced: true },
  }
  const problem = { line: 1, column: 1, key: breaking, message: breaking }
  const lastReload = { at: exampleStatus.at, ok: false, problems: [problem] }
  const status: Status = {
    ...poisoned(exampleStatus),
    readiness: { ready: false, missing: [breaking] },
    config: { file: breaking, hash: breaking, lastReload },
  }
  const text = page(status, { request: breaking, scopes: breaking, explanation: told })
  const tags = new Set([...text.matchAll(/<(\w+)/g)].map(([, tag]) => tag))
  t.ok(text.includes('&#60;script&#62;'))
  t.notOk(tags.has('img'))
  t.equal(text.match(/<script/g)?.length, 1)
  t.notMatch(text, 'onerror=y>')
  // nothing that the page's own policy would refuse
  t.notMatch(text.replace(/"[^"]*"/g, '""'), /<[^>]*\s(style|on\w+)=/)
  t.notMatch(text, /<style|javascript:/)
  t.end()
})

t.test('the page is one document with a heading for each section', (t) => {
  const text = page()
  t.ok(text.startsWith('<!doctype html>\n<html lang="en" data-version="0.1.0">'))
  const titles = [...text.matchAll(/<h2 id="([^"]+)">/g)].map(([, id]) => id)
  t.strictSame(titles, [
    ...['overview', 'the-last-15-minutes', 'inbound', 'issuers', 'outbound'],
    ...['access-tokens', 'cost-of-tokens', 'explain-a-request', 'last-denials'],
  ])
  for (const id of titles) t.ok(text.includes(`<section aria-labelledby="${String(id)}">`))
  const names = [...text.matchAll(/data-live="(\w+)"/g)].map(([, name]) => name)
  t.strictSame(names.toSorted(), Object.keys(liveParts(exampleStatus)).toSorted())
  for (const [name, html] of Object.entries(liveParts(exampleStatus)))
    t.ok(text.includes(`<div data-live="${name}">${html}</div>`), name)
  t.end()
})

t.test(
  'a direction that is not configured has no section, nor has the form without inbound',
  (t) => {
    const inboundOnly = page({ ...exampleStatus, outbound: undefined })
    t.notMatch(inboundOnly, 'id="cost-of-tokens"')
    t.match(inboundOnly, 'id="explain"')
    const outboundOnly = page({ ...exampleStatus, inbound: undefined })
    t.notMatch(outboundOnly, 'id="explain"')
    t.notMatch(outboundOnly, 'id="issuers"')
    t.match(outboundOnly, 'id="outbound"')
    t.end()
  },
)

t.test('readiness, reloads and their errors are told', (t) => {
  t.match(part('headline'), />Ready</)
  t.match(part('headline'), '1 route in report mode: not enforced')
  t.notMatch(part('headline', { reportModeRoutes: [] }), 'report mode')
  const readiness = { ready: false, missing: ['keys of issuer app', 'token of client worker'] }
  t.match(part('headline', { readiness }), />Not ready</)
  t.match(
    part('health', { readiness }),
    '<li>keys of issuer app</li><li>token of client worker</li>',
  )
  t.match(part('health'), /taken over<\/span>, 13:21:22 UTC, 42 min ago/)
  const { config, at } = exampleStatus
  t.match(part('health', { config: { ...config, lastReload: undefined } }), 'none since the start')
  const problems = Array.from({ length: 30 }, (_, line) => ({
    ...{ line, column: 5, key: 'inbound.routes', message: 'is wrong' },
  }))
  const refused = part('health', { config: { ...config, lastReload: { at, ok: false, problems } } })
  t.match(refused, 'the last good one keeps serving')
  t.match(refused, '<code>proxy.config.yaml:3:5</code> <b>inbound.routes</b> is wrong')
  t.equal(refused.match(/is wrong<\/li>/g)?.length, 20)
  const listeners = { inbound: undefined, outbound: undefined, admin: '/run/admin.sock' }
  t.match(
    part('health', { listeners }),
    '<ul><li><b>admin</b> <code>/run/admin.sock</code></li></ul>',
  )
  t.end()
})

t.test('tables have their figures, and a sentence when they are empty', (t) => {
  t.match(part('inbound'), /GET \/export\/\*\*<\/code>.*>38,412<.*>61</)
  t.match(part('inbound'), 'app-api/upload and (app-api/admin or app-api/owner)')
  t.match(part('inbound'), 'ExportPolicy')
  t.match(part('inbound'), '>report<')
  t.match(part('issuers'), /hJ7fYb3kR9dQ1aUe.*>6 min ago<.*>in 7 min</)
  t.match(part('issuers'), 'there was no answer in time')
  t.match(part('outbound'), /\/billing.*https:\/\/billing\.example\.com\/v2.*>worker<.*>9,120</)
  t.match(part('clients'), /worker.*>billing\/read<.*>in 45 min<.*>in 39 min<.*>30</)
  t.match(part('clients'), 'all that it has')
  t.match(part('costs'), /worker.*>60 min<.*>30<.*>9,120<.*>304<.*>797<.*>\$1\.79</)
  t.match(part('denials'), /14:03:10.*insufficient_scope.*>403<.*5t6u7v8w9x0y1z.*req-12-4b1c/)
  t.match(part('denials'), '<code>GET /export/**</code> <span class="soft">line 9</span>')
  t.match(part('denials'), 'reported only')
  t.match(part('denials'), 'none, inbound')
  const [issuer] = exampleStatus.issuers
  t.match(part('issuers', { issuers: [{ ...issuer!, keyIds: [] }] }), '>none<')
  const [client] = exampleStatus.clients
  const failing = { ...client!, lastError: 'invalid_client', expiresAt: undefined } as const
  t.match(part('clients', { clients: [failing] }), /–<br><span class="bad">invalid_client/)
  for (const [name, changes, sentence] of [
    ['inbound', { inbound: { mode: 'enforce', routes: [] } }, 'No routes: everything is denied.'],
    ['outbound', { outbound: { routes: [] } }, 'No routes.'],
    ['issuers', { issuers: [] }, 'No issuers: no token is accepted.'],
    ['clients', { clients: [] }, 'No client has asked for a token yet.'],
    ['costs', { tokenCosts: [] }, 'No token was bought yet.'],
    ['denials', { denials: [] }, 'Nothing was denied since the start.'],
  ] as const)
    t.equal(part(name, changes), `<p class="none">${sentence}</p>`, name)
  t.end()
})

t.test('tokens that live shorter than they need to are told with what an hour would cost', (t) => {
  const costs = part('costs')
  t.match(costs, 'Tokens of notifier live 5 min, shorter than they need to.')
  t.match(costs, 'They come to $24.55 a month; with an hour it is $1.79.')
  t.notMatch(costs, 'Tokens of worker')
  const free = exampleStatus.tokenCosts.map((cost) => ({ ...cost, usdPerMonth: undefined }))
  t.match(part('costs', { tokenCosts: free }), 'need to.</b> Cognito allows up to 24 hours')
  t.end()
})

t.test('plots say in words what they show, and draw nothing where nothing was', (t) => {
  const traffic = part('traffic')
  t.match(traffic, /aria-label="Requests per second: 38\.4 now"/)
  t.match(traffic, 'half below 3.5 ms, 99 % below 33 ms')
  t.match(traffic, '15 min ago')
  const quiet = part('traffic', { traffic: { bucketSeconds: 10, buckets: [] } })
  t.match(quiet, 'half below –, 99 % below –')
  t.match(quiet, 'd=""')
  const drawn = textOf(
    plot({
      ...{ title: 'a', summary: 'b', top: 10, topText: 'c', leftText: 'd' },
      series: [
        { kind: 'bars', look: 'calm', values: [0, 10, undefined, 0.01] },
        { kind: 'steps', look: 'soft', values: [5, 20, undefined, 5] },
      ],
    }),
  )
  t.match(drawn, 'd="M4.5 56v-56h3v56zM12.5 56v-1.5h3v1.5z"')
  t.match(drawn, 'd="M0 28h4V0h4M12 28h4"')
  t.end()
})

t.test('an explanation says the verdict, why, and what it depends on', (t) => {
  const told = (change: Partial<Extract<Explanation, { kind: 'explained' }>>): string =>
    textOf(
      explanation({
        ...{ kind: 'explained', method: 'GET', target: '/a', verdict: { kind: 'allow' } },
        ...{ route: { id: 'GET /a', line: 7 }, needs: 'export', provided: ['it is of issuer app'] },
        withoutToken: {
          kind: 'deny',
          status: 401,
          code: 'missing_token',
          detail: '',
          enforced: true,
        },
        ...change,
      }),
    )
  t.match(told({}), /class="verdict allow"><p><b>Allowed<\/b> <code>GET \/a<\/code>/)
  t.match(told({}), 'Route <code>GET /a</code>, line 7: needs export.')
  t.match(told({}), 'Provided that it is of issuer app.')
  t.match(told({}), 'Without a token: 401 missing_token.')
  t.notMatch(told({ withoutToken: undefined }), 'Without a token')
  t.match(told({ withoutToken: { kind: 'allow' } }), 'Without a token: allowed')
  t.match(told({ route: undefined }), 'No route owns this path.')
  const no = { kind: 'deny', status: 403, code: 'no_route', detail: 'No route.' } as const
  t.match(
    told({ verdict: { ...no, enforced: true } }),
    /<b>Denied<.*<b>403 no_route<\/b> No route\./,
  )
  t.match(told({ verdict: { ...no, enforced: false } }), 'Reported, and forwarded all the same')
  t.equal(
    textOf(explanation({ kind: 'unreadable', because: 'Write <it>.' })),
    '<p class="verdict warn">Write &#60;it&#62;.</p>',
  )
  const asked = {
    request: 'GET /a',
    scopes: 'export',
    explanation: { kind: 'unreadable', because: 'No.' },
  } as const
  t.match(
    page(exampleStatus, asked),
    /value="GET \/a".*value="export".*role="status"><p class="verdict warn">No\./,
  )
  t.end()
})

t.test('numbers and times are written for people', (t) => {
  const now = '2026-03-02T14:03:22.000Z'
  for (const [value, text] of [
    [-5, '0 s'],
    [0.4, '0 s'],
    [59, '59 s'],
    [119, '119 s'],
    [120, '2 min'],
    [7199, '119 min'],
    [7200, '2 h'],
    [172_799, '47 h'],
    [172_800, '2 d'],
  ] as const)
    t.equal(words.span(value), text)
  t.equal(words.relative(undefined, now), '–')
  t.equal(words.relative('2026-03-02T14:03:27.000Z', now), 'in 5 s')
  t.equal(words.relative(now, now), '0 s ago')
  t.equal(words.clockTime('2026-03-02T09:00:00.000Z', now), '09:00:00')
  t.equal(words.clockTime('2026-03-01T09:00:00.000Z', now), '2026-03-01 09:00:00')
  t.strictSame([undefined, 0.42, 12, 1234].map(words.duration), ['–', '0.42 ms', '12 ms', '1.2 s'])
  t.strictSame([undefined, 0, 0.004, 1234.5].map(words.dollars), [
    ...['–', '$0.00', '< $0.01', '$1,234.50'],
  ])
  t.strictSame(
    [1, 2].map((count) => words.counted(count, 'route')),
    ['1 route', '2 routes'],
  )
  t.end()
})
