import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtPurser } from './built-purser.ts'
import { claudeCodeLogs } from './claude-code-logs.ts'
import { type Figure, percentile, report } from './report.ts'

/** Imports generated Claude Code logs, cold and again, beside ccusage, each run in a fresh process. */

const rounds = Number(process.env['BENCH_ROUNDS'] ?? 7)
const peers = join(import.meta.dirname, 'peers')
const peerCommand = join(peers, 'node_modules/ccusage/src/cli.js')

interface Run {
  readonly seconds: number
  /** Peak memory; not a number where the system does not tell. */
  readonly megabytes: number
  readonly output: string
}

async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Run> {
  const started = performance.now()
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  const output: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  let peak = Number.NaN
  const watch = setInterval(() => {
    peak = peakMegabytes(child.pid) ?? peak
  }, 5)
  const code = await new Promise((resolve) => child.once('close', resolve))
  clearInterval(watch)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with code ${String(code)}.`)
  return { seconds: (performance.now() - started) / 1000, megabytes: peak, output: Buffer.concat(output).toString() }
}

function peakMegabytes(pid: number | undefined): number | undefined {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1000 || undefined
  } catch {
    return undefined
  }
}

/** Installs ccusage on the first run; gives its native binary, or its command where there is none for this system. */
function installPeer(): string {
  if (!existsSync(peerCommand)) {
    execFileSync('npm', ['install', '--prefix', peers, '--no-package-lock', '--no-audit', '--no-fund'], { stdio: 'inherit' })
  }
  const binary = join(peers, `node_modules/@ccusage/ccusage-${process.platform}-${process.arch}/bin/ccusage`)
  if (!existsSync(binary)) return peerCommand
  chmodSync(binary, 0o755)
  return binary
}

interface Totals {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
}

/** Figures of imports that do not agree on what was read would say nothing. */
function checkTotals(ours: string, theirs: string): void {
  const counted = (JSON.parse(ours) as { total: Totals }).total
  const { cacheCreationTokens, ...expected } = (JSON.parse(theirs) as { totals: Totals & { cacheCreationTokens: number } }).totals
  for (const name of ['inputTokens', 'outputTokens', 'cacheReadTokens'] as const) {
    if (counted[name] !== expected[name]) throw new Error(`purser counts ${counted[name]} ${name}, ccusage ${expected[name]}.`)
  }
  if (counted.cacheWriteTokens !== cacheCreationTokens) {
    throw new Error(`purser counts ${counted.cacheWriteTokens} cache writes, ccusage ${cacheCreationTokens}.`)
  }
}

const peer = installPeer()
const logs = claudeCodeLogs()
const folder = mkdtempSync(join(tmpdir(), 'purser-bench-'))
const built = builtPurser()
const env = { CLAUDE_CONFIG_DIR: logs, HOME: folder, PURSER_DB: join(folder, 'ours.db'), XDG_CONFIG_HOME: folder, ...built.env }
const purser = (...args: string[]): Promise<Run> => run(process.execPath, [built.command, ...args], env)
const daily = ['daily', '--json', '--offline']
const times = { cold: [] as Run[], again: [] as Run[], native: [] as Run[], command: [] as Run[] }
try {
  // The first round fills the caches of the file system and of compiled code, and does not count.
  for (let round = 0; round <= rounds; round += 1) {
    const native = await run(peer, daily, env)
    const command = await run(process.execPath, [peerCommand, ...daily], env)
    for (const ending of ['', '-wal', '-shm']) rmSync(env.PURSER_DB + ending, { force: true })
    const cold = await purser('import', 'claude-code', '--json')
    const again = await purser('import', 'claude-code', '--json')
    if (round === 0) checkTotals((await purser('costs', '--period', 'all', '--no-sync', '--json')).output, native.output)
    else for (const [name, measured] of Object.entries({ cold, again, native, command })) times[name as keyof typeof times].push(measured)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

const seconds = (runs: readonly Run[]): number =>
  percentile(
    runs.map((each) => each.seconds),
    0.5,
  )
const peak = (runs: readonly Run[]): number => Math.max(...runs.map((each) => each.megabytes))
const inside = (runs: readonly Run[]): number =>
  percentile(
    runs.map(({ output }) => (JSON.parse(output) as { seconds: number }).seconds),
    0.5,
  )
const [cold, again, native, command] = [times.cold, times.again, times.native, times.command].map(seconds) as [
  number,
  number,
  number,
  number,
]
const against = { against: native, peer: 'ccusage 20.0.24, its binary alone' }
const figures: Figure[] = [
  { name: 'import of 200 MB, cold, whole process', ours: cold, unit: 's', ...against, goal: '≤ 1 ×', met: cold <= native },
  {
    name: 'the same against its npm command',
    ours: cold,
    unit: 's',
    against: command,
    peer: 'ccusage 20.0.24',
    goal: '≤ 1 ×',
    met: cold <= command,
  },
  { name: 'of that the import', ours: inside(times.cold), unit: 's' },
  { name: 'import again, whole process', ours: again, unit: 's', ...against, goal: '≤ 0.1 ×', met: again <= 0.1 * native },
  {
    name: 'of that the import',
    ours: inside(times.again),
    unit: 's',
    ...against,
    goal: '≤ 0.1 ×',
    met: inside(times.again) <= 0.1 * native,
  },
  {
    name: 'peak memory',
    ours: peak(times.cold),
    unit: 'MB',
    against: peak(times.native),
    peer: 'ccusage 20.0.24',
    goal: '< 250 MB',
    met: peak(times.cold) < 250,
  },
]
report('Import of Claude Code logs', figures)
