import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { addressOf, bind, bindRefusal } from '../../src/ops/bind.ts'

const tcp = (host: string, port: number) => ({ kind: 'tcp', host, port }) as const

t.test('a free port is bound and named', async (t) => {
  const server = http.createServer()
  t.teardown(() => server.close())
  const bound = await bind(server, tcp('127.0.0.1', 0))
  t.match(bound, { ok: true, value: /^http:\/\/127\.0\.0\.1:\d+$/ })
  const second = http.createServer()
  const { port } = server.address() as net.AddressInfo
  const refused = await bind(second, tcp('127.0.0.1', port))
  t.match(refused, { ok: false, problem: /in use by another process/ })
})

t.test('an IPv6 address is shown in brackets, with the port that was found', (t) => {
  const bound = { address: () => ({ port: 8080 }) } as unknown as http.Server
  t.equal(addressOf(bound, tcp('::1', 0)), 'http://[::1]:8080')
  t.end()
})

t.test('each refusal says what would help', (t) => {
  const error = (code?: string) => Object.assign(new Error(), code === undefined ? {} : { code })
  const address = tcp('10.0.0.1', 80)
  t.match(bindRefusal(error('EADDRINUSE'), address), /^10\.0\.0\.1:80 is in use/)
  t.match(bindRefusal(error('EACCES'), address), /may not be bound/)
  t.match(bindRefusal(error('EADDRNOTAVAIL'), address), /no address of this machine/)
  t.match(bindRefusal(error('EMFILE'), address), /EMFILE/)
  t.match(bindRefusal(error(), { kind: 'socket', path: '/a', mode: 0o600 }), /^\/a .*unknown error/)
  t.end()
})

t.test('a socket has its mode, replaces one that is left over, and no other', async (t) => {
  // sun_path holds 107 bytes: the folders of tap are longer
  const folder = mkdtempSync(join(tmpdir(), 'scopegate-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const path = join(folder, 's')
  const address = { kind: 'socket', path, mode: 0o600 } as const
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', script])
  t.ok(existsSync(path), 'left over')
  const server = http.createServer()
  t.same(await bind(server, address), { ok: true, value: path })
  t.equal(statSync(path).mode & 0o777, 0o600)
  const refused = await bind(http.createServer(), address)
  t.match(refused, { ok: false, problem: /in use/ })
  server.close()
  await once(server, 'close')
  writeFileSync(path, 'precious')
  t.match(await bind(http.createServer(), address), { ok: false, problem: /in use/ })
  t.equal(readFileSync(path, 'utf8'), 'precious', 'a file that is no socket stays')
})
