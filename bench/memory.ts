/** By how much hostile peers can make the process grow; a fresh process for each figure. */
import { makeKey, mint } from '../test/support/issuer.ts'
import { answerOk } from '../test/support/wire.ts'
import type { Figure } from './figure.ts'
import { dial, get, growth, type Running, startProxy, statusOf, tokenOf, wait } from './scene.ts'

const mebibyte = 1024 * 1024

/** Serves some requests first: code that never ran and a heap that never grew take memory of their own. */
async function warmUp(proxy: Running): Promise<number> {
  const { inbound, issuer } = proxy
  for (let i = 0; i < 1500; i += 1)
    await statusOf(inbound, get('/read/1', await tokenOf(issuer, issuer.keys[0]!)))
  return proxy.resident()
}

/** 2,500 refused tokens of five kinds, half of them with an issuer of 3 KB that nobody knows (J7). */
export async function hostileTokens(): Promise<readonly Figure[]> {
  const proxy = await startProxy(answerOk())
  const foreign = makeKey('k1')
  const before = await warmUp(proxy)
  let allowed = 0
  const flood = async (): Promise<void> => {
    for (let i = 0; i < 2500; i += 1) {
      const now = Math.floor(Date.now() / 1000)
      const claims = { iss: proxy.issuer.url, iat: now, exp: now + 600, scope: 'api/read', jti: i }
      const kinds = [
        () => mint(foreign, { ...claims, iss: `https://${i}.example/${'x'.repeat(3000)}` }),
        () => mint(foreign, claims),
        () => mint(makeKnown(i), claims),
        () => mint(foreign, { ...claims, iss: `https://${i}.example/${'y'.repeat(3000)}` }),
        () => Promise.resolve(`${i}.${'.'.repeat(4000)}`),
      ] as const
      const status = await statusOf(proxy.inbound, get('/read/1', await kinds[i % 5]!()))
      if (status === 200) allowed += 1
    }
  }
  const makeKnown = (i: number) => ({ ...foreign, kid: `unknown-${i}` })
  const grown = await growth(proxy, before, flood())
  return [
    { name: 'growth by 2,500 hostile tokens', unit: 'MiB', bound: 25, measured: grown },
    { name: 'of these wrongly allowed', unit: 'requests', bound: 0, measured: allowed },
  ]
}

/** 300 that say nothing, and 300 that were served once. */
export async function idleConnections(): Promise<readonly Figure[]> {
  const proxy = await startProxy(answerOk())
  const before = await warmUp(proxy)
  const open = async (): Promise<void> => {
    for (let i = 0; i < 600; i += 1) {
      const socket = dial(proxy.inbound)
      if (i % 2 === 0) socket.write('GET /open/1 HTTP/1.1\r\nHost: a\r\n\r\n')
      if (i % 20 === 0) await wait(5)
    }
    await wait(2000)
  }
  const measured = await growth(proxy, before, open())
  return [{ name: 'growth by 600 idle connections', unit: 'MiB', bound: 40, measured }]
}

/** The upstream takes nothing. */
export async function stalledUpload(): Promise<readonly Figure[]> {
  const proxy = await startProxy((socket, text) => {
    if (text.startsWith('POST')) socket.pause()
    else answerOk()(socket, text)
  })
  const before = await warmUp(proxy)
  const socket = dial(proxy.inbound)
  socket.write(`POST /open/1 HTTP/1.1\r\nHost: a\r\nContent-Length: ${64 * mebibyte}\r\n\r\n`)
  socket.write(Buffer.alloc(64 * mebibyte))
  const measured = await growth(proxy, before, wait(4000))
  return [{ name: 'growth by a stalled 64 MiB upload', unit: 'MiB', bound: 60, measured }]
}

export async function unreadAnswers(): Promise<readonly Figure[]> {
  const body = Buffer.alloc(48 * mebibyte)
  const proxy = await startProxy((socket, text) => {
    if (!text.includes('/open/')) answerOk()(socket, text)
    else {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`)
      socket.write(body)
    }
  })
  const before = await warmUp(proxy)
  for (let i = 0; i < 3; i += 1) {
    const socket = dial(proxy.inbound)
    socket.pause()
    socket.write(get('/open/1'))
  }
  const measured = await growth(proxy, before, wait(4000))
  return [{ name: 'growth by three unread 48 MiB answers', unit: 'MiB', bound: 60, measured }]
}
