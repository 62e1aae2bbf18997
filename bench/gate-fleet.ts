import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ProcessResult } from './gate-process.ts'

/** The programs that a fleet may run: the gate itself, and the floor under it on Postgres. */
export const programs = { gate: 'gate-process.ts', bare: 'bare-postgres-process.ts' } as const

/** What several processes did together on one ledger. */
export interface FleetResult {
  readonly pairsPerSecond: number
  readonly longestMs: number
  readonly p99Ms: number
}

/** Runs so many processes of a program at once for some seconds; `argsOf` gives what each is told beside them. */
export async function runFleet(
  program: keyof typeof programs,
  { processes, seconds, argsOf }: { processes: number; seconds: number; argsOf: (index: number) => readonly string[] },
): Promise<FleetResult> {
  const path = fileURLToPath(new URL(programs[program], import.meta.url))
  const started = await Promise.all(Array.from({ length: processes }, (_, index) => launch([path, String(seconds), ...argsOf(index)])))
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

function launch(args: readonly string[]): Promise<Launched> {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
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
