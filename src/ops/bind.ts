/** Binding a listener to its address, with refusals that people can act on. */
import { lstatSync, unlinkSync } from 'node:fs'
import net from 'node:net'
import type { ListenAddress } from '../config/config.ts'
import { no, ok, type Result } from '../units.ts'

/** Binds `server`; where it listens, or a sentence that says why it does not. */
export function bind(server: net.Server, address: ListenAddress): Promise<Result<string, string>> {
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(no(bindRefusal(error, address)))
    })
    const bound = (): void => {
      resolve(ok(addressOf(server, address)))
    }
    if (address.kind === 'tcp') server.listen(address.port, address.host, bound)
    else
      removeStaleSocket(address.path, () => {
        // not chmod afterwards: nobody shall come in between
        const before = process.umask(0o777 & ~address.mode)
        server.listen(address.path, bound)
        process.umask(before)
      })
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
export function addressOf(server: net.Server, address: ListenAddress): string {
  if (address.kind === 'socket') return address.path
  const { port } = server.address() as net.AddressInfo
  const scheme = address.tls === undefined ? 'http' : 'https'
  return `${scheme}://${hostAndPort(address.host, port)}`
}

function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Why an address cannot be bound, and what would help. Pure. */
export function bindRefusal(error: NodeJS.ErrnoException, address: ListenAddress): string {
  const where = address.kind === 'socket' ? address.path : hostAndPort(address.host, address.port)
  switch (error.code) {
    case 'EADDRINUSE':
      return `${where} is in use by another process: stop it, or choose another address`
    // libuv says EACCES too when there is no such folder
    case 'EACCES':
      return address.kind === 'tcp'
        ? `${where} may not be bound by this user: choose a port above 1023`
        : `${where} cannot be made: its folder does not exist, or this user may not write there`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${where} is no address of this machine`
    default:
      return `${where} cannot be bound (${error.code ?? 'unknown error'})`
  }
}
