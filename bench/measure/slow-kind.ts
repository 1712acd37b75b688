/** Many readers that are slow: how far a system grows, and whether it serves them all. */
import net from 'node:net'
import type { SlowKind } from '../kinds.ts'
import { requestFile, textOf } from '../load/requests.ts'
import { wait } from '../peers/process.ts'
import type { System } from '../peers/system.ts'
import type { Context } from './context.ts'
import { type Round, type Row, rowOf } from './measures.ts'
import { residentOf } from './tree.ts'

const shape = { method: 'GET', path: '/export/huge', bodyBytes: 0 } as const
const small = { ...shape, path: '/export/1' }
const watched = 4000

/** Three rounds at most: memory does not vary as time does. */
export async function measureSlow(kind: SlowKind, context: Context): Promise<readonly Row[]> {
  const rounds = kind.systems.map((): Round[] => [])
  for (let round = 0; round < Math.min(context.rounds, 3); round += 1)
    for (const [at, system] of kind.systems.entries())
      rounds[at]!.push(await measureOne(kind, system, context))
  return kind.systems.map(({ name }, at) => rowOf(kind.name, name, rounds[at]!))
}

/** A fresh process, warm from small answers. */
async function measureOne(kind: SlowKind, system: System, context: Context): Promise<Round> {
  const { setting, upstream, runLoad, seconds } = context
  const running = await system.start(setting, upstream)
  const file = await requestFile(setting, small, system.does, 1)
  const load = { connections: 64, seconds: 2 * seconds, perSecond: 0, first: 0, most: 0, file }
  await runLoad({ ...load, port: running.port })
  const before = residentOf(running.pid)
  const request = textOf(shape, system.does, setting.tokens.probe)
  const readers = Array.from({ length: kind.readers }, () =>
    openReader(running.port, request, kind.every),
  )
  let most = before
  const end = performance.now() + watched
  while (performance.now() < end) {
    most = Math.max(most, residentOf(running.pid))
    await wait(50)
  }
  const served = readers.filter(({ isServed }) => isServed()).length
  for (const { socket } of readers) socket.destroy()
  await running.stop()
  return { before, growth: most - before, served }
}

type Reader = { readonly socket: net.Socket; readonly isServed: () => boolean }

/** Takes one piece, rests for `every` milliseconds, takes the next. */
function openReader(port: number, request: string, every: number): Reader {
  const socket = net.connect(port, '127.0.0.1')
  let head = ''
  socket.on('error', () => undefined)
  socket.write(request)
  socket.on('data', (chunk: Buffer) => {
    if (!hasBody(head)) head += chunk.toString('latin1')
    socket.pause()
    setTimeout(() => socket.resume(), every).unref()
  })
  return { socket, isServed: () => head.startsWith('HTTP/1.1 200') && hasBody(head) }
}

function hasBody(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  return end >= 0 && text.length > end + 4
}
