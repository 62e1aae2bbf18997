import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openTemporaryLedger, temporaryFolder } from '../ledger/temporary-ledger.ts'
import { counter, usd } from './paid-call.ts'

const program = fileURLToPath(new URL('run-process.ts', import.meta.url))

interface RunProcess {
  readonly child: ChildProcess
  readonly said: string[]
  readonly says: (text: string) => Promise<void>
  readonly over: Promise<void>
}

function start(db: string, run: string, ms: number, max?: number): RunProcess {
  const child = spawn(process.execPath, [program, db, run, String(ms), ...(max === undefined ? [] : [String(max)])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const said: string[] = []
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => said.push(line))
  const over = new Promise<void>((resolve) => lines.on('close', () => resolve()))
  const says = async (text: string): Promise<void> => {
    await expect.poll(() => said, { timeout: 15_000 }).toContain(text)
  }
  return { child, said, says, over }
}

describe('processes that execute runs', () => {
  test('one that is killed inside a stage loses that stage only, and nothing is booked twice', { timeout: 30_000 }, async () => {
    const db = join(temporaryFolder(), 'ledger.db')
    const purser = await openTemporaryLedger({ db })
    await purser.budgets.set('daily', { limit: 5, window: 'day' })
    const first = start(db, 'r', 1000)
    await first.says('began two')
    first.child.kill('SIGKILL')
    await first.over
    const second = start(db, 'r', 0)
    await second.over
    expect(second.said).toEqual(['attempt 2 presumed 0', 'began two', 'ended two', 'began three', 'ended three', 'completed'])
    // One paid once, two paid twice because it ran twice, three once: $0.40.
    expect(await counter(purser)).toEqual({ spent: usd(0.4), held: 0n, presumed: 0n })
    expect((await purser.runs.stages('r')).map(({ key, state, attempt }) => [key, state, attempt])).toEqual([
      ['one', 'completed', 1],
      ['two', 'completed', 2],
      ['three', 'completed', 1],
    ])
    expect((await purser.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('of two that resume one run, one wins and the other is told', { timeout: 30_000 }, async () => {
    const db = join(temporaryFolder(), 'ledger.db')
    const purser = await openTemporaryLedger({ db })
    const first = start(db, 'r', 1000)
    await first.says('began one')
    first.child.kill('SIGKILL')
    await first.over
    const both = [start(db, 'r', 200), start(db, 'r', 200)]
    await Promise.all(both.map(({ over }) => over))
    expect(both.map(({ said }) => said.at(-1)).toSorted()).toEqual(['PURSER_RUN_BUSY', 'completed'])
    expect((await purser.costs()).total.costNanos).toBe(usd(0.4))
  })

  test('one that dies gives its place to the next in the queue', { timeout: 30_000 }, async () => {
    const db = join(temporaryFolder(), 'ledger.db')
    const purser = await openTemporaryLedger({ db })
    const first = start(db, 'a', 60_000, 1)
    await first.says('began one')
    const waiting = start(db, 'b', 60_000, 1)
    await expect.poll(async () => (await purser.runs.get('b'))?.state, { timeout: 10_000 }).toBe('queued')
    const last = start(db, 'c', 0, 1)
    await expect.poll(async () => (await purser.runs.get('c'))?.message, { timeout: 10_000 }).toContain('waits for its turn')
    // The one that waits dies too: the last one is not kept waiting by either.
    waiting.child.kill('SIGKILL')
    first.child.kill('SIGKILL')
    await last.over
    expect(last.said.at(-1)).toBe('completed')
  })

  test('one is terminated from another process', { timeout: 30_000 }, async () => {
    const db = join(temporaryFolder(), 'ledger.db')
    const purser = await openTemporaryLedger({ db })
    const run = start(db, 'r', 100)
    await run.says('began one')
    await purser.runs.terminate('r')
    await run.over
    expect(run.said.at(-1)).toBe('terminated')
    expect(await purser.runs.get('r')).toMatchObject({ state: 'terminated', owner: null })
  })
})
