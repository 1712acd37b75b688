/** Binding a listener to its address, with refusals that people can act on. */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import type http from 'node:http'
import net from 'node:net'
import type { ListenAddress } from '../config/config.ts'
import { no, ok, type Result } from '../units.ts'

/** Binds `server`; where it listens, or a sentence that says why it does not. */
export function bind(server: http.Server, address: ListenAddress): Promise<Result<string, string>> {
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(no(bindRefusal(error, address)))
    })
    const bound = (): void => {
      if (address.kind === 'socket') chmodSync(address.path, address.mode)
      resolve(ok(addressOf(server, address)))
    }
    if (address.kind === 'socket') {
      removeStaleSocket(address.path, () => server.listen(address.path, bound))
    } else server.listen(address.port, address.host, bound)
  })
}

/** A socket file that nobody answers on is left over from a process that was killed. */
function removeStaleSocket(path: string, then: () => void): void {
  const probe = net.connect(path)
  probe.once('connect', () => {
    probe.destroy()
    then()
  })
  probe.once('error', (error: NodeJS.ErrnoException) => {
    // a file that is no socket refuses connections too
    if (error.code === 'ECONNREFUSED' && lstatSync(path, { throwIfNoEntry: false })?.isSocket())
      unlinkSync(path)
    then()
  })
}

/** `http://127.0.0.1:8080`, or the path of a socket. */
export function addressOf(server: http.Server, address: ListenAddress): string {
  if (address.kind === 'socket') return address.path
  const bound = server.address()
  const port = bound !== null && typeof bound === 'object' ? bound.port : address.port
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}`
}

/** Why an address cannot be bound, and what would help. Pure. */
export function bindRefusal(error: NodeJS.ErrnoException, address: ListenAddress): string {
  const where = address.kind === 'socket' ? address.path : `${address.host}:${address.port}`
  switch (error.code) {
    case 'EADDRINUSE':
      return `${where} is in use by another process: stop it, or choose another address`
    case 'EACCES':
      return `${where} may not be bound by this user: choose a port above 1023 or another path`
    case 'EADDRNOTAVAIL':
      return `${where} is no address of this machine`
    default:
      return `${where} cannot be bound (${error.code ?? 'unknown error'})`
  }
}
