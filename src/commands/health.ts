/** `scopegate health`: asks /readyz of the running proxy; for health checks of containers without a shell. */
import http from 'node:http'
import { parse } from 'yaml'
import type { Command } from '../cli.ts'
import type { Io } from './io.ts'
import { type ExitCode, exitCodes } from './io.ts'
import { configSource, readTextFile } from '../config/load.ts'

const defaultAdmin = '127.0.0.1:9901'
const limit = 3000

/** Exit code 0 when the proxy is ready, 1 when it is not, 3 when it does not answer. */
export async function health(
  { config, json }: Extract<Command, { name: 'health' }>,
  io: Io,
): Promise<ExitCode> {
  const admin = adminAddress(config, io)
  const answer = await ask(admin)
  if (answer === undefined) {
    io.err('scopegate: the admin listener does not answer\n')
    return exitCodes.failed
  }
  if (json) io.out(`${answer.body}\n`)
  else io.out(answer.status === 200 ? 'ready\n' : `not ready: ${answer.body}\n`)
  return answer.status === 200 ? exitCodes.ok : exitCodes.no
}

type Address = { readonly socketPath: string } | { readonly host: string; readonly port: number }

/**
 * Where the admin listener is. Only `admin.listen` is read: a file that has become invalid says nothing
 * about the process that still serves the last good one.
 */
function adminAddress(argument: string, io: Io): Address {
  const source = configSource(argument)
  const listen = listenOf('env' in source ? (io.env[source.env] ?? '') : textOf(source.file))
  if (typeof listen === 'object' && listen.socket !== undefined)
    return { socketPath: listen.socket }
  const text = typeof listen === 'object' ? `${listen.host}:${listen.port}` : listen
  const found = /^\[?(?<host>.*?)\]?:(?<port>\d+)$/.exec(text)?.groups
  const host = found?.host ?? '127.0.0.1'
  return { host: here[host] ?? host, port: Number(found?.port ?? 9901) }
}

/** Where a listener on every address is asked. */
const here: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

type Listen = string | { readonly socket?: string; readonly host: string; readonly port: number }

function listenOf(text: string): Listen {
  try {
    const document = parse(text) as { admin?: { listen?: Listen } } | null
    return document?.admin?.listen ?? defaultAdmin
  } catch {
    return defaultAdmin
  }
}

function textOf(file: string): string {
  const read = readTextFile(file)
  return read.ok ? read.value : ''
}

function ask(address: Address): Promise<{ status: number; body: string } | undefined> {
  return new Promise((resolve) => {
    const request = http.get({ ...address, path: '/readyz', agent: false, timeout: limit })
    request.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        body += chunk
      })
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body })
      })
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => {
      resolve(undefined)
    })
  })
}
