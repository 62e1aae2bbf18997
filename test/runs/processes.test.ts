import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openTemporaryLedger, temporaryFolder } from '../ledger/temporary-ledger.ts'
import { counter, pay, usd } from './paid-call.ts'

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
  const over = Promise.all([once(lines, 'close'), once(child, 'exit')]).then(() => undefined)
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

  test('one that dies leaves nothing held but what it had under way, once its run is stopped', { timeout: 30_000 }, async () => {
    const db = join(temporaryFolder(), 'ledger.db')
    const purser = await openTemporaryLedger({ db })
    await purser.budgets.set('daily', { limit: 5, window: 'day' })
    const first = start(db, 'r', 60_000)
    await first.says('began one')
    first.child.kill('SIGKILL')
    await first.over
    // $1.00 was held, of which $0.10 is paid.
    expect(await counter(purser)).toEqual({ spent: usd(0.1), held: usd(0.9), presumed: 0n })
    expect(await purser.runs.stop('r')).toMatchObject({ state: 'stopped' })
    expect(await counter(purser)).toEqual({ spent: usd(0.1), held: 0n, presumed: 0n })
  })

  test('one that dies gives its place in a budget back to whoever waits for it', { timeout: 30_000 }, async () => {
    const db = join(temporaryFolder(), 'ledger.db')
    const purser = await openTemporaryLedger({ db })
    await purser.budgets.set('agents', { metric: 'concurrency', limit: 1, onLimit: 'queue' })
    const first = start(db, 'r', 60_000)
    await first.says('began one')
    first.child.kill('SIGKILL')
    await first.over
    // Its hold would run out two minutes from now.
    const ended = await purser.run({ id: 's', waitMs: 20_000 }, () => 'done')
    expect(ended).toMatchObject({ state: 'completed', result: 'done' })
  })

  test('one that is killed inside a stage has spent of the own cap of that what it has paid', { timeout: 30_000 }, async () => {
    const db = join(temporaryFolder(), 'ledger.db')
    const purser = await openTemporaryLedger({ db })
    const first = start(db, 'r', 60_000)
    await first.says('began one')
    first.child.kill('SIGKILL')
    await first.over
    const ended = await purser.run({ id: 'r' }, (run) => run.stage('one', { budget: '0.15' }, () => pay(purser, '0.10')))
    expect(ended).toMatchObject({ state: 'paused', limit: { budget: 'stage', limit: usd(0.15), spent: usd(0.1), asked: usd(0.1) } })
  })
})
