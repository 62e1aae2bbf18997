import { Purser } from '../src/purser.ts'
import { gateLabels } from './gate-scene.ts'

/** One of several processes on a ledger: holds and settles for some seconds, and says how many pairs and which waits. */
const [db = '', name = '', seconds = '5', width = '16'] = process.argv.slice(2)

export interface ProcessResult {
  readonly pairs: number
  readonly longestMs: number
  readonly p99Ms: number
}

const purser = await Purser.open({ db, create: false })
process.stdout.write('ready\n')
process.stdin.once('data', () => void run())

async function run(): Promise<void> {
  const end = performance.now() + Number(seconds) * 1000
  const waits: number[] = []
  let pairs = 0
  let next = 0
  const timed = async <T>(work: Promise<T>): Promise<T> => {
    const started = performance.now()
    const answer = await work
    waits.push(performance.now() - started)
    return answer
  }
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      const index = next++
      const id = `${name}-hold-${index}`
      const answer = await timed(purser.holds.reserve({ id, labels: gateLabels(index, name), amount: { cost: '0.10', tokens: 20_000 } }))
      if (!answer.granted) throw new Error(answer.message)
      const usage = { inputTokens: 3 + (index % 7), cacheReadTokens: 9000 + (index % 900), outputTokens: 150 + (index % 900) }
      const responseId = `msg_01XFDUDYJg${name}${String(index).padStart(10, '0')}`
      await timed(purser.holds.settle(id, { provider: 'anthropic', model: 'claude-sonnet-4-5-20250929', usage, responseId }))
      pairs += 1
    }
  }
  await Promise.all(Array.from({ length: Number(width) }, lane))
  waits.sort((a, b) => a - b)
  const result: ProcessResult = { pairs, longestMs: waits.at(-1) ?? 0, p99Ms: waits[Math.floor(waits.length * 0.99)] ?? 0 }
  process.stdout.write(`${JSON.stringify(result)}\n`)
  await purser.close()
  process.exit()
}
