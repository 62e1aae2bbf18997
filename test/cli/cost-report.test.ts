import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorShape } from '../../src/json/json-shapes.ts'
import { usageBar } from '../../src/cli/cost-report-view.ts'
import { Purser } from '../../src/purser.ts'
import { costReportSchema } from '../../src/reports/schemas/host-schemas.ts'
import { fillPersonaLedger, personaCards } from '../reports/persona-ledger.ts'
import { type Machine, newMachine } from './run-purser.ts'

const budgets = `db: ledger.db
budgets:
  daily: 10.00
  weekly: 50.00
  monthly: 150.00
  alerts:
    - threshold: 0.8
      action: warn
    - threshold: 1.0
      action: block
`

/** A machine with the ledger of the example. */
async function personaMachine(config = budgets): Promise<Machine> {
  const machine = newMachine()
  machine.write('purser.yaml', config)
  const path = join(machine.folder, 'ledger.db')
  const purser = await Purser.open({ db: path, ownerCards: personaCards })
  await fillPersonaLedger(purser, path)
  await purser.close()
  return machine
}

describe('costs --report', () => {
  test('prints the very report of the specification', async () => {
    const machine = await personaMachine()
    const { code, out } = await machine.run(['costs', '--report', '--run', 'last', '--period', 'month'])
    expect(code).toBe(0)
    expect(out).toBe(`💰 Cost Report

This Run:
  Estimated: $0.45
  Actual:    $0.42 (-6.7%)

Experiment Total (5 runs):
  Total cost: $2.15
  Average per run: $0.43

Budget Status (Monthly):
  Used: $45.20 / $150.00 (30.1%)
  Remaining: $104.80

  ████████░░░░░░░░░░░░░░░░░░░░░░ 30%
`)
    // A month and the last run are what is meant where nothing is said.
    expect((await machine.run(['costs', '--report'])).out).toBe(out)
  })

  test('shows another run, and the budget of another window; in JSON with the exact amounts', async () => {
    const machine = await personaMachine()
    const report = await machine.json(costReportSchema, ['costs', '--report', '--run', 'p-2', '--period', 'week'])
    expect(report).toMatchObject({
      run: { run_id: 'p-2', estimated_usd: null, actual_nanos: '450000000', variance_percent: null },
      group: { label: 'experiment', value: 'personas', runs: 5, total_cost_nanos: '2150000000', average_per_run_nanos: '430000000' },
      budget: { name: 'budgets.weekly', window: 'week', used_nanos: '45200000000', remaining_nanos: '4800000000', used_percent: 90.4 },
      notes: [],
    })
    expect((await machine.run(['costs', '--report', '--run', 'p-2', '--period', 'week'])).out).toContain(
      '  Estimated: (none)\n  Actual:    $0.45\n',
    )
  })

  test('says what it leaves out, and why', async () => {
    const machine = newMachine()
    const report = async () => (await machine.run(['costs', '--report'])).out
    await machine.run(['record', '--provider', 'acme', '--model', 'x', '--cost', '1'])
    expect(await report()).toBe('💰 Cost Report\n\nNo run is known yet: calls carry no label run.\nNo budget on cost counts for it.\n')
    await machine.run(['record', '--provider', 'acme', '--model', 'x', '--cost', '1', '--label', 'run=r1'])
    expect(await report()).toContain('The run has no label experiment or project, so there is no total of either.\n')
    await machine.run(['budgets', 'set', 'team', '--limit', '10', '--window', 'total'])
    const out = await report()
    expect(out).toContain('Budget Status (Total, team):\n  Used: $2.00 / $10.00 (20.0%)\n  Remaining: $8.00\n')
    expect(out).toContain('No budget of a month counts for it; of the others, "team" has least left.\n')
    await machine.run(['record', '--provider', 'acme', '--model', 'y', '--usage', 'inputTokens=5', '--label', 'run=r1'])
    expect(await report()).toContain('  Actual:    ≥ $1.00\n')
  })

  test('shows as a lower bound whatever a call without a price is missing from', async () => {
    const machine = newMachine()
    machine.write('purser.yaml', 'db: ledger.db\n')
    const purser = await Purser.open({ db: join(machine.folder, 'ledger.db') })
    const call = (model: string) => ({ provider: 'acme', model, usage: { inputTokens: 5 } })
    await purser.run({ id: 'r1', project: 'film', estimate: '0.50' }, () => purser.record({ ...call('x'), costUsd: '0.40' }))
    await purser.run({ id: 'r2', project: 'film', estimate: '0.50' }, () => purser.record(call('nobody')))
    await purser.close()
    // ($0.40 + at least nothing) / 2 runs
    expect((await machine.run(['costs', '--report', '--run', 'r2'])).out).toContain(
      '  Estimated: $0.50\n  Actual:    ≥ $0.00 (≥ -100.0%)\n\nProject Total (2 runs):\n  Total cost: ≥ $0.40\n  Average per run: ≥ $0.20\n',
    )
    expect((await machine.run(['runs', 'show', 'r2'])).out).toContain('estimated  $0.50, so it came to ≥ -$0.50 (-100.0%)\n')
    const rows = (text: string): string[] =>
      text.split('\n').map((line) => line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d/, 'then').replace(/ +/g, ' '))
    const film = rows((await machine.run(['runs', 'report', '--project', 'film'], { env: { COLUMNS: '120' } })).out)
    expect(film).toEqual(
      expect.arrayContaining([
        ' runs 2 runs for ≥ $0.40, ≥ $0.20 each on average',
        'r1 then completed $0.40 $0.40 -20.0%',
        'r2 then completed ≥ $0.00 ≥ $0.40 ≥ -100.0%',
      ]),
    )
    // Of one run that is known there is no trend.
    expect(film.join('\n')).not.toContain('trend')
    expect(rows((await machine.run(['runs', 'list'], { env: { COLUMNS: '120' } })).out)).toContain(
      'r2 film completed then ≥ $0.00 $0.50 ≥ -100.0% 1',
    )
    const { out } = await machine.run(['runs', 'report', '--project', 'film', '--format', 'md'])
    expect(out).toContain('| average per run | ≥ $0.20 |')
    expect(out).toMatch(/\| r2 \| .* \| completed \| ≥ \$0\.00 \| ≥ \$0\.40 \| ≥ -100\.0% \|/)
  })

  test('shows an estimate as one from which calls are missing, and then no variance as known', async () => {
    const machine = newMachine()
    machine.write('purser.yaml', 'db: ledger.db\n')
    const purser = await Purser.open({ db: join(machine.folder, 'ledger.db') })
    const estimate = await purser.estimate({
      calls: [
        { model: 'openai/gpt-4o', input: 100_000 },
        { model: 'acme/nobody', input: 5 },
      ],
    })
    await purser.run({ id: 'r1', estimate }, () => purser.record({ provider: 'acme', model: 'x', costUsd: '0.20' }))
    await purser.close()
    // 100,000 × $2.50 a million are $0.25, and what nobody's model costs: so it came to less by five cents at least.
    expect((await machine.run(['costs', '--report'])).out).toContain('  Estimated: ≥ $0.25\n  Actual:    $0.20 (≤ -20.0%)\n')
    expect((await machine.run(['runs', 'show', 'r1'])).out).toContain('estimated  ≥ $0.25, so it came to ≤ -$0.05 (-20.0%)\n')
    await machine.run(['record', '--provider', 'acme', '--model', 'nobody', '--usage', 'inputTokens=5', '--label', 'run=r1'])
    expect((await machine.run(['costs', '--report'])).out).toContain('  Actual:    ≥ $0.20 (unknown)\n')
  })

  test('what cannot be asked is refused', async () => {
    const machine = await personaMachine()
    const refused = async (...args: string[]) => {
      const { code, err } = await machine.run(['costs', ...args, '--json'])
      return [code, errorShape.parse(JSON.parse(err.trimEnd().split('\n').at(-1) ?? '')).error.code]
    }
    expect(await refused('--report', '--run', 'nobody')).toEqual([2, 'PURSER_NOT_FOUND'])
    expect(await refused('--run', 'p-1')).toEqual([2, 'PURSER_BAD_ARGUMENT'])
    expect(await refused('--report', '--period', 'yesterday')).toEqual([2, 'PURSER_BAD_ARGUMENT'])
    expect(await refused('--report', '--since', '2026-02-01')).toEqual([2, 'PURSER_BAD_ARGUMENT'])
    expect((await machine.run(['costs', '--report', '--by', 'model'])).code).toBe(2)
  })
})

test('the bar is full at the limit and not before, and empty while nothing is used', () => {
  const full = (used: bigint, limit: bigint): number => usageBar(used, limit).indexOf('░')
  expect([full(0n, 100n), full(3n, 100n), full(4n, 100n), full(99n, 100n)]).toEqual([0, 0, 1, 28])
  expect(usageBar(100n, 100n)).toBe(`${'█'.repeat(30)} 100%`)
  expect(usageBar(250n, 100n)).toBe(`${'█'.repeat(30)} 250%`)
})
