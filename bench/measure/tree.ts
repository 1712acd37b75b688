/** What the kernel says about a process and everything that it started (proc(5)). */
import { readdirSync, readFileSync } from 'node:fs'

/** CPU in microseconds: user and system, of the living and of those that were waited for. Counted in steps of 10 ms. */
export function cpuOf(pid: number): number {
  let ticks = 0
  for (const { fields } of treeOf(pid))
    ticks += fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return ticks * 10_000
}

/** Resident memory in MiB; pages that processes of the tree share count once for each. */
export function residentOf(pid: number): number {
  let kibibytes = 0
  for (const one of treeOf(pid)) {
    const status = readFileSync(`/proc/${one.pid}/status`, 'utf8')
    kibibytes += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0)
  }
  return kibibytes / 1024
}

type Process = { readonly pid: number; readonly parent: number; readonly fields: readonly string[] }

function treeOf(root: number): readonly Process[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)))
  const inside = (pid: number): readonly Process[] => {
    const children = all.filter(({ parent }) => parent === pid)
    return [...all.filter((one) => one.pid === pid), ...children.flatMap((one) => inside(one.pid))]
  }
  return inside(root)
}

/** Fields from the third on: the second, the name, may hold blanks and parentheses. */
function readProcess(pid: number): Process[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return [{ pid, parent: Number(fields[1]), fields }]
  } catch {
    // it ended in between
    return []
  }
}
