/** What every measurement needs. */
import type { RunLoad } from '../load/load.ts'
import type { Upstream } from '../peers/system.ts'
import type { Setting } from '../setting.ts'

export type Context = {
  readonly setting: Setting
  readonly upstream: Upstream
  readonly runLoad: RunLoad
  readonly rounds: number
  /** Of load in each turn. */
  readonly seconds: number
}
