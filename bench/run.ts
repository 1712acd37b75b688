/**
 * CPU per request of the built Scopegate, beside bare @fastify/http-proxy that authenticates nobody.
 *
 *   npm run bench            (about 30 s; -- --rounds 7 for steadier figures)
 *
 * Only ratios inside one run mean anything; noise only adds, so that `best` is steadier than the median.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { runLoad } from './load.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '64' },
  },
})
const folder = mkdtempSync(join(tmpdir(), 'scopegate-bench-'))
const children: ChildProcess[] = []

try {
  const { token, jwksFile } = await makeToken()
  const upstream = await start('upstream', [script('upstream.ts')])
  const systems = [
    { name: 'scopegate', process: await startScopegate(upstream.port, jwksFile) },
    {
      name: '@fastify/http-proxy, no authentication',
      process: await start('http-proxy', [script('http-proxy.ts'), String(upstream.port)]),
    },
  ]
  const results = new Map(systems.map(({ name }) => [name, [] as number[]]))
  for (let round = 0; round < Number(values.rounds); round += 1)
    for (const { name, process } of systems) results.get(name)?.push(await measure(process, token))
  print(results)
} finally {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
}

type Running = { readonly pid: number; readonly port: number }

/** CPU microseconds (user and system) per completed request. */
async function measure({ pid, port }: Running, token: string): Promise<number> {
  const load = (milliseconds: number): Promise<number> =>
    runLoad({ port, token, connections: Number(values.connections), milliseconds })
  await load(300)
  const before = cpuMicroseconds(pid)
  const requests = await load(Number(values.seconds) * 1000)
  return (cpuMicroseconds(pid) - before) / requests
}

/** utime and stime of proc(5), in ticks of 10 ms. */
function cpuMicroseconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

function print(results: ReadonlyMap<string, readonly number[]>): void {
  const rows = [...results].map(([name, costs]) => {
    const sorted = [...costs].sort((a, b) => a - b)
    return { name, best: sorted[0] ?? 0, median: sorted[Math.floor(sorted.length / 2)] ?? 0 }
  })
  const bare = rows.at(-1)
  console.log(`Node ${process.version}, GET 1 KiB, one token, CPU µs per request`)
  for (const { name, best, median } of rows)
    console.log(
      `${name.padEnd(42)} best ${best.toFixed(1).padStart(6)}  median ${median.toFixed(1).padStart(6)}` +
        `  ratio of bests ${(best / (bare?.best ?? 1)).toFixed(2)}`,
    )
}

async function makeToken(): Promise<{ token: string; jwksFile: string }> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid: 'bench', use: 'sig', alg: 'RS256' }
  const jwksFile = join(folder, 'jwks.json')
  writeFileSync(jwksFile, JSON.stringify({ keys: [jwk] }))
  const token = await new SignJWT({
    scope: 'app-api/export',
    client_id: 'bench',
    jti: 'x'.repeat(300),
  })
    .setProtectedHeader({ alg: 'RS256', kid: 'bench' })
    .setIssuer('https://issuer.example')
    .setAudience('bench')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey)
  return { token, jwksFile }
}

function startScopegate(upstreamPort: number, jwksFile: string): Promise<Running> {
  const config = join(folder, 'proxy.config.yaml')
  writeFileSync(
    config,
    `version: 1
issuers:
  bench: { issuer: 'https://issuer.example', audience: bench, jwks: { file: ${jwksFile} } }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstreamPort}
  routes:
    - { path: /export/**, methods: [GET], scopes: app-api/export }
admin: { listen: 127.0.0.1:0 }
log: { sampleAllowed: 0 }
`,
  )
  return start('scopegate', [join(import.meta.dirname, '../dist/main.js'), 'run', '-c', config])
}

function script(name: string): string {
  return join(import.meta.dirname, name)
}

/** Starts a child and waits for the first port that it prints. */
async function start(name: string, args: readonly string[]): Promise<Running> {
  const child = spawn(
    process.execPath,
    [...(name === 'scopegate' ? [] : process.execArgv), ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  children.push(child)
  let printed = ''
  for await (const chunk of child.stdout) {
    printed += String(chunk)
    const port = /"inbound":"http:\/\/127\.0\.0\.1:(\d+)"|^port (\d+)$/m.exec(printed)
    if (port === null) continue
    child.stdout.resume()
    return { pid: child.pid ?? 0, port: Number(port[1] ?? port[2]) }
  }
  await once(child, 'exit')
  throw new Error(`${name} did not start`)
}
