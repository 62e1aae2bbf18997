import { once } from 'node:events'
import { Purser } from '../src/purser.ts'
import { gateLabels } from './gate-scene.ts'

/**
 * One of several processes on a ledger: `gate-process.ts SECONDS DB NAME WIDTH`. Holds and settles for some seconds, so
 * many calls in flight, after some seconds to warm up, and says how many pairs and which waits.
 */
const [seconds = '5', db = '', name = '', width = '16'] = process.argv.slice(2)
/** Until the code is compiled that a server would have run for long. */
const warmSeconds = 4

export interface ProcessResult {
  readonly pairs: number
  readonly longestMs: number
  readonly p99Ms: number
}

const purser = await Purser.open({ db, create: false })
let next = 0
await holdAndSettle(warmSeconds)
process.stdout.write('ready\n')
await once(process.stdin, 'data')
process.stdout.write(`${JSON.stringify(await holdAndSettle(Number(seconds)))}\n`)
await purser.close()
process.exit()

async function holdAndSettle(forSeconds: number): Promise<ProcessResult> {
  const end = performance.now() + forSeconds * 1000
  const waits: number[] = []
  let pairs = 0
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
  return { pairs, longestMs: waits.at(-1) ?? 0, p99Ms: waits[Math.floor(waits.length * 0.99)] ?? 0 }
}
