import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** Tells one process from all others, also from a later one that the system gives the same number. */
export interface ProcessMark {
  readonly host: string
  readonly pid: number
  /** When the system started it, in its own unit; empty where the system does not say. */
  readonly started: string
}

let own: ProcessMark | undefined

export function thisProcess(): ProcessMark {
  return (own ??= { host: hostname(), pid: process.pid, started: startOf(process.pid) })
}

/** Whether a process runs; undefined for one of another host, of which nothing can be seen from here. */
export function isAlive({ host, pid, started }: ProcessMark): boolean | undefined {
  if (host !== thisProcess().host) return undefined
  try {
    process.kill(pid, 0)
  } catch (error) {
    // A process of another user may not be asked, and lives.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return started === '' || startOf(pid) === '' || startOf(pid) === started
}

/** Field 22 of /proc/PID/stat (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html), where there is one. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold spaces, so fields are counted from behind it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
