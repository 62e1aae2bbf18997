import { once } from 'node:events'
import { Purser } from '../../src/purser.ts'
import { acmeCards } from './acme-cards.ts'

/**
 * A process that books into a ledger: `booking-process.ts FILE NAME CALLS WIDTH`. Says `ready`, waits for a line, books
 * CALLS calls with ids NAME-0, NAME-1 … in transactions of WIDTH calls, and says each number only once it is answered;
 * last `longest MS`, the longest that one answer took.
 */
const [path = '', name = '', calls = '0', width = '1'] = process.argv.slice(2)
const purser = await Purser.open({ db: path, ownerCards: acmeCards })
process.stdout.write('ready\n')
await once(process.stdin, 'data')
let longest = 0
for (let from = 0; from < Number(calls); from += Number(width)) {
  const numbers = Array.from({ length: Number(width) }, (_, offset) => from + offset)
  const started = performance.now()
  await purser.recordMany(
    numbers.map((n) => ({
      id: `${name}-${n}`,
      at: Date.UTC(2026, 1, 1 + (n % 28)),
      provider: 'acme',
      model: 'big',
      usage: { inputTokens: 3 },
      labels: { project: name, run: `run-${n % 10}` },
    })),
  )
  longest = Math.max(longest, performance.now() - started)
  process.stdout.write(numbers.map((n) => `${n}\n`).join(''))
}
process.stdout.write(`longest ${longest}\n`)
await purser.close()
process.exit(0)
