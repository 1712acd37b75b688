/** Can callers go around us? The API shall answer on loopback only, where nobody but this host reaches it. */
import net from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Config, ConfigProblem, ListenAddress } from '../config/config.ts'

const limit = 1000

/**
 * Addresses of this host, with port, at which the upstream of inbound answers besides loopback. Empty when it is
 * not on loopback by its configuration: then it is another host's to protect.
 */
export async function findExposed(
  { inbound }: Pick<Config, 'inbound'>,
  addresses: () => readonly string[] = ownAddresses,
): Promise<readonly string[]> {
  if (inbound === undefined) return []
  const { hostname, port: stated, protocol } = new URL(inbound.upstream.origin)
  const port = Number(stated) || (protocol === 'https:' ? 443 : 80)
  const isLocal = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
  if (!isLocal || isOurs(inbound.listen, port)) return []
  const places = addresses().map((host) => ({ host, port }))
  const found = await Promise.all(places.map(answers))
  return places
    .filter((_, at) => found[at])
    .map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`))
}

/** The same as warnings, for `check --online`. */
export async function exposureWarnings(
  config: Pick<Config, 'inbound'>,
  addresses?: () => readonly string[],
): Promise<readonly ConfigProblem[]> {
  const exposed = await findExposed(config, addresses)
  return exposed.map((address) => ({
    ...{ line: 1, column: 1, key: 'inbound.upstream' },
    message: `callers can go around Scopegate: the upstream also answers at ${address}`,
  }))
}

/** With the same port on another address what answers there is us. */
function isOurs(listen: ListenAddress, port: number): boolean {
  return listen.kind === 'tcp' && listen.port === port
}

/** Those that others can reach; link-local ones need a zone, and are left out. */
function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list = []) =>
    list.flatMap(({ address, internal }) =>
      internal || address.startsWith('fe80:') ? [] : [address],
    ),
  )
}

function answers({ host, port }: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: limit })
    const end = (is: boolean) => () => {
      socket.destroy()
      resolve(is)
    }
    socket.once('connect', end(true))
    socket.once('timeout', end(false))
    socket.once('error', end(false))
  })
}
