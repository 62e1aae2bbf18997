import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { estimateShape } from '../../src/json/estimate-shapes.ts'
import { runListShape } from '../../src/json/run-shapes.ts'
import { Purser } from '../../src/purser.ts'
import { costReportSchema } from '../../src/reports/schemas/host-schemas.ts'
import { runCostSummarySchema, runReportSchema } from '../../src/reports/schemas/run-cost-schemas.ts'
import { done } from './gate-machine.ts'
import { type Machine, newMachine, type Ran } from './run-purser.ts'

// What books, holds, or keeps records of runs is off; what the owner configures works; what asks is answered.

const off = { env: { COST_TRACKING_ENABLED: 'false' } }
const yaml = (perImage: string): string => `db: ledger.db
pricing:
  last_updated: 2026-11-01
  acme:
    small: { input_per_million: 1, output_per_million: 4 }
    painter: { per_image: ${perImage} }
profiles:
  economy: { default: acme/small }
  quality: { default: acme/small }
`
const plan = 'calls:\n  - { stage: extract, model: acme/small, calls: 4, input: 3000, output: 500 }\n'

/** A ledger with two pictures at $0.05, a planned run, an open hold, and prices that have risen since. */
async function usedMachine(): Promise<Machine> {
  const machine = newMachine()
  machine.write('purser.yaml', yaml('0.05'))
  machine.write('plan.yaml', plan)
  machine.write('more.jsonl', '{"id":"b","provider":"acme","model":"painter","at":"2026-02-02","usage":{"images":1}}\n')
  await done(machine, ['record', '--provider', 'acme', '--model', 'painter', '--usage', 'images=1'])
  await done(machine, ['import', 'jsonl', 'more.jsonl'])
  await done(machine, ['estimate', 'plan.yaml', '--save', 'r1'])
  await done(machine, ['hold', 'reserve', '--amount', '1', '--id', 'h1', '--ttl', '1h'])
  machine.write('purser.yaml', yaml('0.07'))
  return machine
}

/** Everything that the ledger keeps of calls, holds and runs. */
async function keptIn(machine: Machine): Promise<unknown> {
  const purser = await Purser.open({ db: join(machine.folder, 'ledger.db') })
  const { total } = await purser.costs()
  const kept = [total, await purser.holds.list(), await purser.runs.list(), await purser.imports()]
  await purser.close()
  return kept
}

describe('with COST_TRACKING_ENABLED=false', () => {
  test('nothing is booked, held or kept of runs, and each command ends well', async () => {
    const machine = await usedMachine()
    const before = await keptIn(machine)
    const { imports } = JSON.parse(await done(machine, ['import', 'list', '--json'])) as { imports: { batch: string }[] }
    const silent = [
      ['record', '--provider', 'acme', '--model', 'painter', '--cost', '1'],
      ['import', 'jsonl', 'more.jsonl'],
      ['hold', 'settle', 'h1', '--cost', '0.5', '--provider', 'acme', '--model', 'x'],
      ['hold', 'release', 'h1'],
      ['hold', 'extend', 'h1', '--ttl', '2h'],
      ['hold', 'end', 'h1', '--status', '429'],
      ['hold', 'resolve', 'h1', '--not-sent'],
    ]
    for (const args of silent) expect([args, await machine.run(args, off)]).toEqual([args, { code: 0, out: '', err: '' }])
    const said: [string[], string][] = [
      [['reprice', '--apply'], 'no correction was booked'],
      [['import', 'undo', imports[0]?.batch ?? ''], 'nothing was taken back'],
      [['runs', 'raise', 'r1', '--to', '5'], 'runs are not known, and nothing was changed'],
      [['runs', 'pause', 'r1'], 'runs are not known, and nothing was changed'],
      [['runs', 'terminate', 'r1'], 'runs are not known, and nothing was changed'],
    ]
    for (const [args, undone] of said) {
      expect([args, await machine.run(args, off)]).toEqual([args, { code: 0, out: '', err: `Cost tracking is off, so ${undone}.\n` }])
    }
    expect(await keptIn(machine)).toEqual(before)
    // Two pictures at two cents more each: on again, it is booked.
    expect(await done(machine, ['reprice', '--apply'])).toContain('+$0.04')
  })

  test('an estimate is made and not kept', async () => {
    const machine = newMachine()
    machine.write('purser.yaml', yaml('0.05'))
    machine.write('plan.yaml', plan)
    const { code, out, err } = await machine.run(['estimate', 'plan.yaml', '--save', 'r9', '--json'], off)
    expect([code, JSON.parse(err)]).toEqual([0, { warning: { message: 'Cost tracking is off, so the estimate is not kept with run r9.' } }])
    // 4 × (3,000 × $1 + 500 × $4) a million = $0.02
    expect(estimateShape.parse(JSON.parse(out))).toMatchObject({ costUsd: 0.02, saved: null })
    expect(existsSync(join(machine.folder, 'ledger.db'))).toBe(false)
  })

  test('what the owner configures is changed', async () => {
    const machine = newMachine()
    machine.write('purser.yaml', yaml('0.05'))
    await done(machine, ['budgets', 'set', 'daily', '--limit', '5', '--window', 'day'], off)
    await done(machine, ['profiles', 'use', 'quality'], off)
    await done(machine, ['init'], { ...off, cwd: machine.home })
    expect(readFileSync(join(machine.home, 'purser.yaml'), 'utf8')).toContain('budgets')
    expect(await done(machine, ['budgets', 'list'])).toContain('daily')
    expect(await done(machine, ['profiles', 'list'])).toMatch(/quality .*all/)
  })

  test('reports of a run that is not known are empty and say why, also where there is no ledger', async () => {
    const empty = newMachine()
    empty.write('purser.yaml', 'db: none.db\n')
    for (const machine of [await usedMachine(), empty]) {
      const nothing = {
        run_id: 'nobody',
        calls: 0,
        is_lower_bound: true,
        message: expect.stringMatching(/^Cost tracking is off/) as string,
      }
      expect(await machine.json(runCostSummarySchema, ['runs', 'show', 'nobody'], off)).toMatchObject(nothing)
      expect((await machine.json(runReportSchema, ['runs', 'report', 'nobody'], off)).summary).toMatchObject(nothing)
      const glance = await machine.json(costReportSchema, ['costs', '--report', '--run', 'nobody'], off)
      expect(glance).toMatchObject({ run: null, group: null, notes: [expect.stringMatching(/^Cost tracking is off/), expect.any(String)] })
      const shown = await machine.run(['runs', 'show', 'nobody'], off)
      expect([shown.code, shown.out]).toMatchObject([0, expect.stringContaining('cost       ≥ $0.00')])
      const watched = await machine.run(['runs', 'watch', 'nobody'], off)
      expect([watched.code, watched.out]).toMatchObject([0, expect.stringMatching(/^nobody: ≥ \$0\.00 so far\. Cost tracking is off/)])
    }
    expect(await empty.json(runCostSummarySchema, ['runs', 'show', 'last'], off)).toMatchObject({ is_lower_bound: true })
    expect(await empty.json(runListShape, ['runs', 'list'], off)).toEqual({ runs: [], more: 0 })
    expect(existsSync(join(empty.folder, 'none.db'))).toBe(false)
    expect(((await empty.run(['runs', 'show', 'nobody'])) as Ran).code).toBe(2)
  })
})
