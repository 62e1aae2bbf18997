import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { HeldReply, HeldRequest, Line } from './held-request.ts'
import type { Place } from './place.ts'

const program = fileURLToPath(new URL('holding-process.ts', import.meta.url))
const processes = 8
const longestMs = 40_000

/** What one process asked and when, and what it was told; nothing, where it was killed in between. */
export interface Asked {
  readonly request: HeldRequest
  readonly at: number
  told?: HeldReply
}

interface Running {
  readonly child: ChildProcess
  readonly ready: Promise<void>
}

function start(place: Place, name: string, asked: Map<string, Asked>): Running {
  const child = spawn(process.execPath, [program, JSON.stringify([place, name])], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ready = Promise.withResolvers<void>()
  createInterface({ input: child.stdout }).on('line', (text) => {
    if (text === 'ready') return ready.resolve()
    const line = lineOf(text)
    if (line === undefined) return
    if ('asks' in line) asked.set(line.number, { request: line.asks, at: line.at })
    else Object.assign(asked.get(line.number) ?? {}, { told: line.told })
  })
  child.once('exit', () => ready.resolve())
  return { child, ready: ready.promise }
}

/** A process that is killed may leave half a line: what it had not written down, it had not asked. */
function lineOf(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line
  } catch {
    return undefined
  }
}

export interface Killing {
  readonly seconds: number
  /** Whether budgets are full, so that it has been going on for long enough. */
  readonly isFull: () => Promise<boolean>
  /** What else goes wrong now and then. */
  readonly disturb?: () => Promise<void>
}

/**
 * Runs eight processes, kills one at random again and again and starts another in its place, until so many seconds are over
 * and budgets are full. Gives all that was asked.
 */
export async function killAtRandom(place: Place, { seconds, isFull, disturb }: Killing): Promise<readonly Asked[]> {
  const asked = new Map<string, Asked>()
  let started = 0
  const launch = async (): Promise<Running> => {
    const launched = start(place, `k${(started += 1)}`, asked)
    await launched.ready
    launched.child.stdin?.write('go\n')
    return launched
  }
  const running = await Promise.all(Array.from({ length: processes }, launch))
  const began = performance.now()
  for (let kills = 0; performance.now() < began + longestMs; kills += 1) {
    if (performance.now() > began + seconds * 1000 && (await isFull())) break
    await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 300))
    const victim = Math.floor(Math.random() * processes)
    running[victim]?.child.kill('SIGKILL')
    running[victim] = await launch()
    if (kills % 5 === 2) await disturb?.()
  }
  await Promise.all(running.map(({ child }) => end(child)))
  return [...asked.values()]
}

/** Resolves when a process is gone and all that it wrote is read. */
async function end(child: ChildProcess): Promise<void> {
  const gone = child.exitCode === null && child.signalCode === null ? once(child, 'close') : undefined
  child.kill('SIGKILL')
  await gone
}
