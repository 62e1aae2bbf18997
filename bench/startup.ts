import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtPurser } from './built-purser.ts'
import { percentile, report } from './report.ts'

const samples = 40
const home = mkdtempSync(join(tmpdir(), 'purser-bench-'))
const { command: purser, env } = builtPurser()
const environment = { PATH: process.env['PATH'] ?? '', HOME: home, ...env }

try {
  run([purser, 'record', '--provider', 'openai', '--model', 'gpt-4o', '--usage', 'inputTokens=1000,outputTokens=200'])
  const commands = { node: ['-e', '0'], version: [purser, '--version'], costs: [purser, 'costs'] }
  const times: Record<keyof typeof commands, number[]> = { node: [], version: [], costs: [] }
  // One of each in turn, so that whatever else the machine does hits all alike.
  for (let sample = 0; sample < samples; sample += 1) {
    for (const [name, argv] of Object.entries(commands)) times[name as keyof typeof commands].push(run(argv))
  }
  const median = (name: keyof typeof commands): number => percentile(times[name], 0.5)
  const floor = { unit: 'ms', against: median('node'), peer: 'node -e 0' }
  report('Start-up, median of interleaved runs', [
    { name: 'purser --version', ours: median('version'), ...floor, goal: '≤ 1.5 × it', met: median('version') <= 1.5 * median('node') },
    { name: 'purser costs, small ledger', ours: median('costs'), ...floor, goal: '≤ 4 × it', met: median('costs') <= 4 * median('node') },
  ])
} finally {
  rmSync(home, { recursive: true })
}

/** Milliseconds that a process takes from start to end. */
function run(argv: readonly string[]): number {
  const started = performance.now()
  execFileSync(process.execPath, [...argv], { env: environment, stdio: 'ignore' })
  return performance.now() - started
}
