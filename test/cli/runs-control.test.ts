import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runStateShape, runWatchShape } from '../../src/json/run-shapes.ts'
import { Purser } from '../../src/purser.ts'
import { pay, usd } from '../runs/paid-call.ts'
import { done } from './gate-machine.ts'
import { type Machine, newMachine } from './run-purser.ts'

/** A machine and a program on it that has the same ledger open. */
async function withProgram(): Promise<{ machine: Machine; purser: Purser }> {
  const machine = newMachine()
  machine.write('purser.yaml', 'db: spend.db\n')
  const purser = await Purser.open({ db: join(machine.folder, 'spend.db') })
  onTestFinished(() => purser.close())
  return { machine, purser }
}

const state = (machine: Machine, ...args: readonly string[]) => machine.json(runStateShape, ['runs', ...args])

/** Two stages of fifty cents. */
function pipeline(purser: Purser, ran: string[] = []) {
  return purser.run({ id: 'film-7', project: 'film', budget: '0.80' }, async (run) => {
    for (const name of ['draft', 'final']) {
      await run.stage(name, { estimate: '0.50' }, async () => {
        await pay(purser, '0.50')
        ran.push(name)
      })
    }
  })
}

describe('a run that is steered from the terminal', () => {
  test('is raised and resumed, and goes on where it stopped', async () => {
    const { machine, purser } = await withProgram()
    const ran: string[] = []
    await pipeline(purser, ran)
    expect(await state(machine, 'raise', 'film-7', '--by', '$0.20')).toMatchObject({
      state: 'paused',
      cap: { cost: '1000000000' },
      limit: { budget: 'run', limit: '800000000', spent: '500000000', asked: '500000000' },
    })
    expect(await state(machine, 'resume', 'last')).toMatchObject({ run: 'film-7', state: 'planned' })
    expect(await pipeline(purser, ran)).toMatchObject({ state: 'completed', run: { cap: { cost: usd(1) } } })
    expect(ran).toEqual(['draft', 'final'])
    const { code, err } = await machine.run(['runs', 'pause', 'film-7'])
    expect([code, err]).toEqual([2, 'purser: The run "film-7" is completed already.\n'])
  })

  test('pauses before its next stage, and is stopped for good', async () => {
    const { machine, purser } = await withProgram()
    const ended = await purser.run({ id: 'r' }, async (run) => {
      await run.stage('one', async () => {
        expect(await state(machine, 'pause', 'r')).toMatchObject({ state: 'running', wanted: 'pause' })
      })
      await run.stage('two', () => expect.fail('it was paused'))
    })
    expect(ended.state).toBe('paused')
    expect(await done(machine, ['runs', 'stop', 'r'])).toMatch(/^r: stopped\n/)
    expect(await done(machine, ['runs', 'list'])).toMatch(/r {2,}.*stopped/)
  })

  test('is watched until it ends', async () => {
    const { machine, purser } = await withProgram()
    const watched = Promise.withResolvers<Awaited<ReturnType<Machine['run']>>>()
    await purser.run({ id: 'r', project: 'film' }, async (run) => {
      await run.stage('one', () => pay(purser, '0.25'))
      void machine.run(['runs', 'watch', 'r', '--json']).then(watched.resolve, watched.reject)
      await new Promise((resolve) => setTimeout(resolve, 1500))
      await run.stage('two', () => pay(purser, '0.50'))
    })
    const { code, out } = await watched.promise
    expect(code).toBe(0)
    const lines = out
      .trim()
      .split('\n')
      .map((line) => runWatchShape.parse(JSON.parse(line)))
    expect(lines).toMatchObject([
      { stage: { key: 'one', state: 'completed', costUsd: 0.25 } },
      { run: { state: 'running', costUsd: 0.25 } },
      { stage: { key: 'two', state: 'completed', costUsd: 0.5 } },
      { run: { run: 'r', state: 'completed', costUsd: 0.75 } },
    ])
  })

  test('that there is not, or without an amount, is refused', async () => {
    const { machine, purser } = await withProgram()
    await purser.runs.plan({ id: 'r' })
    expect(await machine.run(['runs', 'pause', 'nope'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('There is no run "nope"') as string,
    })
    expect(await machine.run(['runs', 'raise', 'r'])).toMatchObject({ code: 2, err: expect.stringContaining('like --by 5') as string })
    expect(await machine.run(['runs', 'raise', 'r', '--by', '5'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('has no cap of cost, so nothing of it can be raised') as string,
    })
    expect(await machine.run(['runs', 'raise', 'r', '--by', '5', '--to', '6'])).toMatchObject({ code: 2 })
  })
})
