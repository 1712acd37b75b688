/** Asks /readyz of a running proxy; where it is stands in the configuration. */
import { parseDocument } from 'yaml'
import { type Environment, interpolate } from '../config/interpolate.ts'
import { configSource, readTextFile } from '../config/load.ts'
import { http } from '../node-http.ts'
import { no, ok, type Result } from '../units.ts'

const defaultAdmin = '127.0.0.1:9901'
/** Milliseconds. */
const limit = 3000

export type ReadyAnswer = {
  /** What was asked, for people. */
  readonly where: string
  /** Undefined when nothing answers. */
  readonly answer: { readonly status: number; readonly body: string } | undefined
}

/** Asks once; the problem is a sentence that says why it is not known where the proxy is. */
export async function askReady(
  config: string,
  env: Environment,
  patience = limit,
): Promise<Result<ReadyAnswer, string>> {
  const source = configSource(config)
  const text = 'env' in source ? textOf(source.env, env) : readTextFile(source.file)
  if (!text.ok) {
    const name = 'env' in source ? `the environment variable ${source.env}` : source.file
    return no(`${name} ${text.problem}; admin.listen is read from it`)
  }
  const address = adminAddress(text.value, env)
  return ok({ where: nameOf(address), answer: await ask(address, patience) })
}

type Address = { readonly socketPath: string } | { readonly host: string; readonly port: number }

/**
 * Where the admin listener is. Only `admin.listen` is read: a file that has become invalid says nothing
 * about the process that still serves the last good one. The default when nothing can be made of it. Pure.
 */
export function adminAddress(yaml: string, env: Environment): Address {
  const listen = listenOf(yaml)
  const filled = (value: unknown): string => {
    const result = typeof value === 'string' ? interpolate(value, env) : ok(String(value))
    return result.ok ? result.value : ''
  }
  if (typeof listen !== 'object' || listen === null) return addressOf(filled(listen))
  const { socket, host, port } = listen as Readonly<Record<string, unknown>>
  return socket === undefined
    ? addressOf(`${filled(host)}:${filled(port)}`)
    : { socketPath: filled(socket) }
}

function addressOf(text: string): Address {
  const [, host = '', port] = /^\[?(.+?)\]?:(\d{1,5})$/.exec(text) ?? []
  if (port === undefined || Number(port) > 65_535) return addressOf(defaultAdmin)
  return { host: here[host] ?? host, port: Number(port) }
}

/** Where a listener on every address is asked. */
const here: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** What stands at `admin.listen`, if it can be found at all. */
function listenOf(text: string): unknown {
  try {
    const document = parseDocument(text).toJS() as { admin?: { listen?: unknown } } | null
    return document?.admin?.listen ?? defaultAdmin
  } catch {
    return defaultAdmin
  }
}

function textOf(name: string, env: Environment): Result<string, string> {
  const text = env[name]
  return text === undefined || text === '' ? no('is missing or empty') : ok(text)
}

/** What is asked, for people. */
function nameOf(address: Address): string {
  if ('socketPath' in address) return `/readyz of ${address.socketPath}`
  const { host, port } = address
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/readyz`
}

function ask(
  address: Address,
  patience: number,
): Promise<{ status: number; body: string } | undefined> {
  return new Promise((resolve) => {
    const nobody = (): void => {
      resolve(undefined)
    }
    const signal = AbortSignal.timeout(patience)
    const request = http.get({ ...address, path: '/readyz', agent: false, signal })
    request.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        body += chunk
      })
      response.on('end', () => {
        resolve({ status: Number(response.statusCode), body })
      })
      response.on('error', nobody)
    })
    request.on('error', nobody)
  })
}
