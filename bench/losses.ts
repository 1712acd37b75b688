/** Requests lost or failed while the configuration is read again, and at the end. */
import { answerOk, parseAnswer, readAll } from '../test/support/wire.ts'
import type { Figure } from './figure.ts'
import { dial, get, startProxy, statusOf, wait } from './scene.ts'

/** 12 reloads under load, then SIGTERM with 50 requests in flight. */
export async function losses(): Promise<readonly Figure[]> {
  let arrived = 0
  const proxy = await startProxy((socket, text) => {
    if (!text.includes('/open/slow')) answerOk()(socket, text)
    else if (text.endsWith('\r\n\r\n')) {
      arrived += 1
      setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), 1000)
    }
  })
  const { child, inbound } = proxy
  let failed = 0
  let running = true
  const load = Array.from({ length: 8 }, async () => {
    while (running) if ((await statusOf(inbound, get('/open/1'))) !== 200) failed += 1
  })
  for (let i = 0; i < 12; i += 1) {
    child.kill('SIGHUP')
    await wait(150)
  }
  running = false
  await Promise.all(load)

  const slow = Array.from({ length: 50 }, async () => {
    const socket = dial(inbound)
    socket.write(get('/open/slow'))
    return parseAnswer(await readAll(socket)).status
  })
  while (arrived < 50) await wait(5)
  child.kill('SIGTERM')
  const lost = (await Promise.all(slow)).filter((status) => status !== 200).length
  const { code } = await proxy.ended
  return [
    {
      ...{ name: 'failed during 12 reloads under load', unit: 'requests', bound: 0 },
      measured: failed,
    },
    {
      ...{ name: 'lost of 50 in flight at SIGTERM', unit: 'requests', bound: 0 },
      measured: code === 0 ? lost : 50,
    },
  ]
}
