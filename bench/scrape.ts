/**
 * What a scrape of the built command costs when 500 routes were used: bytes and milliseconds.
 *
 *   npm run build && node --import @tapjs/typescript/import bench/scrape.ts
 */
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { freePort } from './peers/process.ts'

const routes = 500
const scrapes = 20

const upstream = http.createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1')
await once(upstream, 'listening')
const [inbound, admin] = [await freePort(), await freePort()]
const config = `version: 1
inbound:
  listen: 127.0.0.1:${inbound}
  upstream: http://127.0.0.1:${(upstream.address() as AddressInfo).port}
  routes:
${Array.from({ length: routes }, (_, at) => `    - { path: '/r${at}/{id}', methods: [GET], public: true }`).join('\n')}
admin: { listen: 127.0.0.1:${admin} }
log: { level: silent }
`
const main = join(import.meta.dirname, '../dist/main.js')
const child = spawn(process.execPath, [main, 'run', '-c', 'env:CONFIG'], {
  env: { ...process.env, CONFIG: config },
  stdio: ['ignore', 'ignore', 'inherit'],
})
process.on('exit', () => child.kill('SIGKILL'))
const at = (port: number, path: string): string => `http://127.0.0.1:${port}${path}`
for (let tries = 0; tries < 200; tries += 1) {
  const ready = await fetch(at(admin, '/readyz')).catch(() => undefined)
  if (ready?.status === 200) break
  await new Promise((resolve) => setTimeout(resolve, 25))
}
for (let route = 0; route < routes; route += 1)
  await (await fetch(at(inbound, `/r${route}/1`))).text()
const took: number[] = []
let text = ''
for (let count = 0; count < scrapes; count += 1) {
  const before = performance.now()
  text = await (await fetch(at(admin, '/metrics'))).text()
  took.push(performance.now() - before)
}
took.sort((one, other) => one - other)
const median = took[Math.floor(scrapes / 2)] ?? 0
console.log(
  `${routes} routes used: ${Math.round(text.length / 1000)} kB, ${text.split('\n').length} lines, ` +
    `${median.toFixed(0)} ms (median of ${scrapes}; worst ${(took.at(-1) ?? 0).toFixed(0)} ms)`,
)
child.kill('SIGTERM')
await once(child, 'close')
process.exit(0)
