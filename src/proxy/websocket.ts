import type { Duplex } from 'node:stream'
import type { EpochSeconds } from '../units.ts'
import type { Exchange } from './exchange.ts'

export type Handshake = {
  readonly exchange: Exchange
  readonly socket: Duplex
  readonly head: Buffer
  readonly target: string
  readonly headers: readonly string[]
  readonly expiresAt: EpochSeconds | undefined
  readonly stillAllowed: () => Promise<boolean>
}
export type WebSockets = { accept(handshake: Handshake): void }
