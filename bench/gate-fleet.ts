import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ProcessResult } from './gate-process.ts'

const program = fileURLToPath(new URL('gate-process.ts', import.meta.url))

/** What several processes did together on one ledger. */
export interface FleetResult {
  readonly pairsPerSecond: number
  readonly longestMs: number
  readonly p99Ms: number
}

/** Runs so many processes on a ledger at once, each with so many calls in flight. */
export async function runFleet(db: string, processes: number, width: number, seconds: number): Promise<FleetResult> {
  const started = await Promise.all(Array.from({ length: processes }, (_, index) => launch(db, `p${index}-`, width, seconds)))
  for (const { go } of started) go()
  const results = await Promise.all(started.map(({ result }) => result))
  return {
    pairsPerSecond: results.reduce((sum, { pairs }) => sum + pairs, 0) / seconds,
    longestMs: Math.max(...results.map(({ longestMs }) => longestMs)),
    p99Ms: Math.max(...results.map(({ p99Ms }) => p99Ms)),
  }
}

interface Launched {
  readonly go: () => void
  readonly result: Promise<ProcessResult>
}

function launch(db: string, name: string, width: number, seconds: number): Promise<Launched> {
  const child = spawn(process.execPath, [program, db, name, String(seconds), String(width)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [ready, result] = [Promise.withResolvers<Launched>(), Promise.withResolvers<ProcessResult>()]
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'ready') ready.resolve({ go: () => child.stdin.write('go\n'), result: result.promise })
    else result.resolve(JSON.parse(line) as ProcessResult)
  })
  child.once('exit', (code) => {
    const error = new Error(`A process of the benchmark ended with ${code}.`)
    ready.reject(error)
    result.reject(error)
  })
  return ready.promise
}
