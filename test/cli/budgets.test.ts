import { describe, expect, test } from 'vitest'
import {
  budgetHistoryShape,
  budgetListShape,
  budgetRemovedShape,
  budgetsAppliedShape,
  budgetSetShape,
  budgetShowShape,
} from '../../src/json/gate-shapes.ts'
import { warningShape } from '../../src/json/json-shapes.ts'
import { displayWidth } from '../../src/text/display-width.ts'
import { costing, done, granted, statusOf } from './gate-machine.ts'
import { newMachine } from './run-purser.ts'

const set = ['budgets', 'set']

describe('budgets set', () => {
  test('makes a budget, and says how far its grants can take spending', async () => {
    const machine = newMachine()
    const args = [...set, 'daily', '--limit', '5', '--window', 'day', '--mode', 'strict', '--metric', 'cost', '--where', 'project=a']
    const made = await machine.json(budgetSetShape, [...args, '--each', 'agent', '--thresholds', '50,80,95', '--on-limit', 'block'])
    expect(made).toMatchObject({
      outcome: 'created',
      changed: [],
      budget: { name: 'daily', from: 'cli', limit: '5000000000', window: 'day' },
    })
    expect(made.budget).toMatchObject({ mode: 'strict', onLimit: 'block', bound: '5000000000', boundText: '$5.00', each: ['agent'] })
    expect(made.budget.thresholds.map(({ percent, level }) => [percent, level])).toEqual([
      [50, 'info'],
      [80, 'warning'],
      [95, 'critical'],
    ])
    expect(await done(machine, [...set, 'month', '--limit', '$20.50', '--window', 'month@15'])).toContain(
      'Grants never take it past $20.50.\n',
    )
    expect(await done(machine, [...set, 'soft', '--limit', '1', '--window', 'total', '--mode', 'soft'])).toContain('It only warns')
  })

  test('changes only what is given, and says what stays', async () => {
    const machine = newMachine()
    await done(machine, [
      ...set,
      'team',
      '--limit',
      '5',
      '--window',
      'week@sunday',
      '--each',
      'project',
      '--where',
      'agent=a|b',
      '--ceiling',
      '1',
    ])
    const said = await done(machine, [...set, 'team', '--limit', '6'])
    expect(said).toContain('Budget "team" is changed.\n  limit: $5.00 → $6.00\n')
    expect(said.replace(/\n +/g, ' ')).toContain('as before: metric cost, window week@sunday, mode strict, on limit block')
    expect(said).toContain('past $6.00 for each project.')
    const { budgets } = await machine.json(budgetListShape, ['budgets', 'list'])
    expect(budgets).toMatchObject([
      { limit: '6000000000', ceiling: '1000000000', where: [{ field: 'agent', op: 'anyOf', values: ['a', 'b'] }] },
    ])
    expect(await done(machine, [...set, 'team', '--limit', '6.00'])).toContain('is so already; nothing changed')
    expect((await machine.json(budgetSetShape, [...set, 'team', '--no-ceiling', '--no-where'])).changed).toEqual(['where', 'ceiling'])
  })

  test('another scope, window or metric counts anew, from what was booked', async () => {
    const machine = newMachine()
    await done(machine, [...set, 'all', '--limit', '5', '--window', 'total'])
    await done(machine, costing('1.25', '--label', 'project=a'))
    await done(machine, costing('0.50', '--label', 'project=b'))
    const said = await done(machine, [...set, 'all', '--each', 'project'])
    expect(said).toContain('is changed, and counts anew.\n  each: none → project\n')
    expect(said).toContain('It has counted what was booked before, for 2 values of project.')
    expect((await statusOf(machine)).map(({ scope, spent }) => [scope, spent])).toEqual([
      [{ project: 'a' }, '1250000000'],
      [{ project: 'b' }, '500000000'],
    ])
    const metric = await machine.json(budgetSetShape, [...set, 'all', '--metric', 'calls', '--limit', '10', '--no-each'])
    expect(metric).toMatchObject({ outcome: 'revised', changed: ['metric', 'limit', 'each'] })
    expect(await statusOf(machine)).toMatchObject([{ metric: 'calls', spent: '2', limit: '10', limitUsd: null }])
  })

  test('overrides go by one label or several; each is changed and taken away by itself', async () => {
    const machine = newMachine()
    const each = ['--limit', '5', '--window', 'total', '--each', 'project,stage']
    await done(machine, [...set, 'b', ...each, '--override', 'project=atlas,stage=draft:30', '--override', 'stage=a:b,project=web:1'])
    const overridesAfter = async (...args: readonly string[]) =>
      (await machine.json(budgetSetShape, [...set, 'b', ...args])).budget.overrides.map(({ match, limit }) => [match['stage'], limit])
    expect(await overridesAfter('--limit', '6')).toEqual([
      ['draft', '30000000000'],
      ['a:b', '1000000000'],
    ])
    expect(await overridesAfter('--override', 'project=atlas,stage=draft:40')).toEqual([
      ['a:b', '1000000000'],
      ['draft', '40000000000'],
    ])
    expect(await overridesAfter('--override', 'project=web,stage=a:b:none')).toEqual([['draft', '40000000000']])
    expect(await overridesAfter('--no-override')).toEqual([])
  })

  test('an increase holds to the end of its last day, and can be ended', async () => {
    const machine = newMachine()
    await done(machine, [...set, 'daily', '--limit', '5', '--window', 'day', '--timezone', 'Europe/Paris'])
    const raised = await machine.json(budgetSetShape, [...set, 'daily', '--increase-by', '10', '--until', '2099-12-01'])
    expect(raised.budget).toMatchObject({ increase: { by: '10000000000', until: '2099-12-01T23:00:00.000Z' }, bound: '15000000000' })
    expect(await statusOf(machine)).toMatchObject([{ limit: '15000000000', bound: '15000000000' }])
    expect((await machine.json(budgetSetShape, [...set, 'daily', '--no-increase'])).budget.increase).toBe(null)
  })

  test('the mode follows the action, and what belongs to a mode goes with it', async () => {
    const machine = newMachine()
    await done(machine, [...set, 'b', '--limit', '5', '--window', 'run', '--mode', 'adaptive', '--tolerance', '1', '--learn-by', 'stage'])
    const after = async (...args: readonly string[]) => (await machine.json(budgetSetShape, [...set, 'b', ...args])).budget
    expect(await after('--quantile', '0.95')).toMatchObject({ mode: 'adaptive', quantile: 0.95, learnBy: ['stage'], bound: '6000000000' })
    expect(await after('--on-limit', 'warn')).toMatchObject({ mode: 'soft', onLimit: 'warn', tolerance: '0', bound: null })
    expect(await after('--on-limit', 'pause')).toMatchObject({
      mode: 'strict',
      onLimit: 'pause',
      // Running runs may go past it.
      bound: null,
      boundText: '$5.00, plus what running runs may still spend',
    })
    expect(await after('--window', 'day')).toMatchObject({ window: 'day', each: [] })
    expect(await after('--metric', 'tokens', '--limit', '200k', '--no-count-cache-reads', '--counts-plan')).toMatchObject({
      limit: '200000',
      countsCacheReads: false,
      countsPlan: true,
    })
    expect(await after('--limit', '100k')).toMatchObject({ countsCacheReads: false, countsPlan: true })
  })

  test('places have no thresholds, also where the budget had some of another metric', async () => {
    const machine = newMachine()
    const after = async (...args: readonly string[]) => (await machine.json(budgetSetShape, [...set, 'agents', ...args])).budget
    expect(await after('--limit', '5', '--window', 'total', '--thresholds', '90')).toMatchObject({ thresholds: [{ percent: 90 }] })
    expect(await after('--metric', 'concurrency', '--limit', '3')).toMatchObject({ metric: 'concurrency', thresholds: [] })
    expect(await after('--limit', '4')).toMatchObject({ limit: '4', thresholds: [] })
    expect(await after('--metric', 'calls', '--limit', '9', '--window', 'day')).toMatchObject({
      thresholds: [{ percent: 50 }, { percent: 80 }, { percent: 95 }],
    })
  })

  test.each([
    [
      ['x', '--limit', '5', '--metric', 'concurrency', '--thresholds', '80'],
      '--thresholds are told by what is spent, and places are held and never spent: leave them out.',
    ],
    [['x', '--limit', '5'], 'has no window; write run, hour, day'],
    [['x', '--limit', '5', '--window', 'day', '--mode', 'adaptive'], 'has no tolerance'],
    [['x', '--limit', '5', '--window', 'dya'], 'did you mean "day"?'],
    [['x', '--limit', '5', '--window', 'day', '--increase-by', '5'], '--increase-by needs --until'],
    [['x', '--limit', '5', '--window', 'day', '--each', 'project', '--override', 'atlas:30'], 'like project=atlas:30'],
    [['there', '--metric', 'calls'], '--limit must be given too: budget "there" limits cost'],
    [['there', '--limit', 'much'], '--limit is "much"; it must be dollars'],
    [['there', '--limit', '1.0000000001'], '--limit is "1.0000000001", which has more than nine decimals'],
    [['apart', '--each', 'agent'], 'Budget "apart" has overrides for values of project; with other labels give new ones'],
    [['there', '--on-limit', 'stop'], '--on-limit is "stop"; it must be one of warn, block, '],
    [['there', '--learn-by', 'stage'], '--learn-by is for mode adaptive, and the mode is strict'],
    [['there', '--window', 'fortnight'], '--window is "fortnight"; write run, hour, day, week, month, quarter, year, total'],
    [
      ['there', '--no-increase', '--increase-by', '5', '--until', '2099-01-01'],
      '--no-increase ends an increase and --increase-by makes one',
    ],
    [['there', '--increase-by', '5', '--until', '2020-01-01'], '--until is 2020-01-01, which has passed'],
    [['there', '--where', 'project=a', '--no-where'], '--where and --no-where contradict each other'],
    [['there', '--no-each', '--each', 'project'], '--each and --no-each contradict each other'],
    [['there', '--no-ceiling', '--ceiling', '1'], '--ceiling and --no-ceiling contradict each other'],
    [['there', '--counts-plan', '--no-counts-plan'], '--counts-plan and --no-counts-plan contradict each other'],
  ])('what cannot be is refused, and nothing changes: %j', async (args, words) => {
    const machine = newMachine()
    await done(machine, [...set, 'there', '--limit', '5', '--window', 'total'])
    await done(machine, [...set, 'apart', '--limit', '5', '--window', 'total', '--each', 'project', '--override', 'project=a:9'])
    const { code, out, err } = await machine.run([...set, ...args])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(words)
    expect((await machine.json(budgetListShape, ['budgets', 'list'])).budgets).toMatchObject([
      { name: 'there', limit: '5000000000' },
      { name: 'apart', each: ['project'] },
    ])
  })
})

describe('figures', () => {
  test('keep every digit, however large or fine they are', async () => {
    const machine = newMachine()
    const said = await done(machine, [...set, 'tokens', '--metric', 'tokens', '--limit', '9007199254740993', '--window', 'total'])
    expect(said).toContain('  limit       9,007,199,254,740,993 tokens, for good\n')
    expect(await done(machine, [...set, 'cost', '--limit', '1999999999.740992999', '--window', 'total'])).toContain(
      '$1,999,999,999.740992999',
    )
    expect((await statusOf(machine)).map(({ limit }) => limit)).toEqual(['9007199254740993', '1999999999740992999'])
    await done(machine, costing('9007199.254740993'))
    expect((await statusOf(machine, 'cost')).map(({ spent }) => spent)).toEqual(['9007199254740993'])
  })

  test('name one of a thing as one', async () => {
    const machine = newMachine()
    await done(machine, [...set, 'calls', '--metric', 'calls', '--limit', '1', '--window', 'total'])
    await done(machine, [...set, 'agents', '--metric', 'concurrency', '--limit', '1'])
    await done(machine, [...set, 'tokens', '--metric', 'tokens', '--limit', '1', '--window', 'total', '--mode', 'soft'])
    const table = await done(machine, ['budgets', 'status'])
    for (const one of ['1 call ', '1 place ', '1 token ']) expect(table).toContain(one)
  })
})

describe('budgets status', () => {
  test('gives names and scopes the room of a narrow terminal, and names labels that are missing', async () => {
    const machine = newMachine()
    const name = 'film-team-of-the-second-unit'
    await done(machine, [...set, name, '--limit', '5', '--window', 'month', '--each', 'project,agent'])
    await done(machine, costing('1', '--label', 'project=harbour'))
    const at80 = { env: { COLUMNS: '80' } }
    expect(await done(machine, ['budgets', 'status'], at80)).toContain(`${name}  project=harbour, agent=(none)  $1.00`)
    expect(await done(machine, ['budgets', 'list'], at80)).toContain(`${name}  $5.00`)
  })

  test.each([
    ['block', '5000000000', '$5.00'],
    ['terminate', '5000000000', '$5.00'],
    ['warn', null, 'none: it warns'],
    ['pause', null, '$5.00, plus what running runs may still spend'],
    ['queue', null, '$5.00, plus what running runs may still spend'],
    ['block-new-runs', null, '$5.00, plus what running runs may still spend'],
  ])('has a bound where grants are bounded: %s', async (action, bound, boundText) => {
    const machine = newMachine()
    await done(machine, [...set, 'all', '--limit', '5', '--window', 'day', '--on-limit', action])
    expect(await statusOf(machine)).toMatchObject([{ bound, boundText, limit: '5000000000' }])
    expect((await machine.json(budgetListShape, ['budgets', 'list'])).budgets).toMatchObject([{ bound, boundText }])
  })

  test('tells what is spent, held and presumed apart', async () => {
    const machine = newMachine()
    await done(machine, [...set, 'all', '--limit', '4', '--window', 'total'])
    await done(machine, [...set, 'daily', '--limit', '4', '--window', 'day', '--mode', 'adaptive', '--tolerance', '1'])
    await done(machine, costing('2'))
    await granted(machine, ['--amount', '1', '--expected', '0.25'])
    await granted(machine, ['--amount', '0.5', '--ttl', '1ms'])
    const [all, daily] = await statusOf(machine)
    expect(all).toMatchObject({
      budget: 'all',
      metric: 'cost',
      scope: {},
      mode: 'strict',
      bound: '4000000000',
      limit: '4000000000',
      spent: '2000000000',
      held: '1000000000',
      presumed: '500000000',
      windowStart: null,
      resetsAt: null,
      level: 'info',
      overLimit: null,
      share: 0.5,
      spentUsd: 2,
    })
    expect(daily).toMatchObject({ held: '1000000000', expected: '250000000', bound: '5000000000', boundText: '$5.00' })
    const day = 24 * 60 * 60 * 1000
    expect(Date.parse(daily?.resetsAt ?? '') - Date.parse(daily?.windowStart ?? '')).toBe(day)
    const table = await done(machine, ['budgets', 'status', 'all'])
    expect(table).toMatch(/^all +\$2\.00 +\$1\.00 +\$0\.50 +\$4\.00 +█.* +50\.0% +info$/m)
    expect(table).toContain('"all": $0.50 presumed spent: nobody knows what those calls came to.')
    expect(table).not.toContain('daily')
  })

  test('says by how much a budget is over its limit, and why', async () => {
    const machine = newMachine()
    await done(machine, costing('1'))
    await done(machine, [...set, 'seeded', '--limit', '0.75', '--window', 'total'])
    await done(machine, [...set, 'all', '--limit', '1.50', '--window', 'total'])
    const { err } = await machine.run(costing('2'))
    expect(err).toContain('Budget "all" is passed: $3.00 spent of $1.50, because a charge was booked without a hold.')
    expect((await statusOf(machine)).map(({ level, overLimit }) => [level, overLimit])).toEqual([
      ['over', { by: '2250000000', cause: 'seeded' }],
      ['over', { by: '1500000000', cause: 'unheld' }],
    ])
    expect(await done(machine, ['budgets', 'status', 'all'])).toContain(
      '"all" is $1.50 over its bound: a charge was booked without a hold.',
    )
  })

  test.each(['50', '80', '120'])('fits a terminal of %s columns', async (columns) => {
    const machine = newMachine()
    await done(machine, [...set, 'a-name-that-is-rather-long', '--limit', '1234.56', '--window', 'month', '--each', 'project,agent'])
    await done(machine, [...set, 'tokens', '--metric', 'tokens', '--limit', '2M', '--window', '24h'])
    await done(machine, costing('1000.5', '--label', 'project=a-long-project', '--label', 'agent=an-agent-with-a-name'))
    for (const args of [['status'], ['list']]) {
      const out = await done(machine, ['budgets', ...args], { env: { COLUMNS: columns } })
      expect(out.split('\n').filter((line) => displayWidth(line) > Number(columns))).toEqual([])
    }
  })

  test('of a budget that is not there names the nearest', async () => {
    const machine = newMachine()
    await done(machine, [...set, 'daily', '--limit', '4', '--window', 'day'])
    for (const command of ['status', 'show', 'history', 'remove']) {
      const { code, err } = await machine.run(['budgets', command, 'dayly'])
      expect([command, code]).toEqual([command, 2])
      expect(err).toContain('There is no budget "dayly". Did you mean "daily"?')
    }
  })
})

describe('what became of a budget', () => {
  test('show tells everything of one', async () => {
    const machine = newMachine()
    await done(machine, [...set, 'daily', '--limit', '4', '--window', 'total'])
    const shown = await machine.json(budgetShowShape, ['budgets', 'show', 'daily'])
    expect(shown).toMatchObject({ budget: { name: 'daily', bound: '4000000000' }, counters: [{ spent: '0' }] })
    expect(shown.lastChange?.author).toMatch(/^cli/)
    const said = await done(machine, ['budgets', 'show', 'daily'])
    expect(said).toContain('daily  from cli\n')
    expect(said).toContain('Grants never take it past $4.00.')
    expect(said).toMatch(/as it is since .*, by cli/)
  })

  test('history tells who changed what, and when', async () => {
    const machine = newMachine()
    await done(machine, [...set, 'daily', '--limit', '4', '--window', 'day'])
    await done(machine, [...set, 'other', '--limit', '1', '--window', 'day'])
    await done(machine, [...set, 'daily', '--limit', '5', '--mode', 'soft'])
    await machine.json(budgetRemovedShape, ['budgets', 'remove', 'daily'])
    const { changes } = await machine.json(budgetHistoryShape, ['budgets', 'history', 'daily'])
    expect(changes.map(({ changed, before, after }) => [changed, before?.limit, after?.limit])).toEqual([
      [[], undefined, '4000000000'],
      [['limit', 'mode', 'onLimit'], '4000000000', '5000000000'],
      [[], '5000000000', undefined],
    ])
    const said = await done(machine, ['budgets', 'history'])
    expect(said).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d {2}daily {2}created by cli.*\n {2}\$4\.00, day, strict\n/)
    expect(said).toContain('  limit: $4.00 → $5.00\n  mode: strict → soft\n  on limit: block → warn\n')
    expect(said).toContain('daily  removed by cli')
  })
})

describe('budgets of purser.yaml', () => {
  const file = (limit: string, more = ''): string => `db: ../spend.db\nbudgets:\n  daily: { limit: ${limit}, window: total }\n${more}`

  test('are put into force when the file changes, which is said in one line', async () => {
    const machine = newMachine()
    machine.write('purser.yaml', file('5', '  team: { limit: 20, window: month }\n'))
    expect((await machine.run(costing('1'))).err).toMatch(/^Budgets of \S+purser\.yaml: created daily, team\.\n$/)
    expect((await machine.run(costing('1'))).err).toBe('')
    machine.write('purser.yaml', file('8'))
    expect((await machine.run(['hold', 'reserve', '--amount', '6'])).err).toMatch(/: changed daily; removed team\.\n/)
    expect(await statusOf(machine)).toMatchObject([{ budget: 'daily', limit: '8000000000', spent: '2000000000', held: '6000000000' }])
    machine.write('purser.yaml', 'db: ../spend.db\n')
    expect((await machine.run(['budgets', 'list'])).err).toContain('removed daily')
  })

  test('a second file is refused by the gate, and does not keep anybody from booking, until it is applied', async () => {
    const machine = newMachine()
    machine.write('one/purser.yaml', file('5'))
    machine.write('two/purser.yaml', file('1'))
    const [one, two] = ['one', 'two'].map((folder) => ({ cwd: `${machine.folder}/${folder}` }))
    await done(machine, costing('2'), one)
    const booked = await machine.run(costing('0.5'), two)
    expect(booked.code).toBe(0)
    expect(booked.err).toMatch(
      /warning: The budgets of .* are defined by .*one.*purser\.yaml; those of .*two.*purser\.yaml are not in force/,
    )
    for (const args of [
      ['hold', 'reserve', '--amount', '1'],
      ['why', '--amount', '1'],
      ['guard', '--max', '1', '--', 'true'],
    ]) {
      const { code, out, err } = await machine.run(args, two)
      expect([code, out]).toEqual([2, ''])
      expect(err).toContain('`purser budgets apply` makes this file the one that counts')
    }
    const applied = await machine.json(budgetsAppliedShape, ['budgets', 'apply'], two)
    expect(applied).toMatchObject({ created: [], changed: ['daily'], removed: [], unchanged: [] })
    expect((await machine.run(['hold', 'reserve', '--amount', '0.1'], two)).code).toBe(4)
  })

  test('applying a file without budgets takes those of another away only with --yes', async () => {
    const machine = newMachine()
    machine.write('one/purser.yaml', file('5', '  team: { limit: 20, window: month }\n'))
    machine.write('two/purser.yaml', 'db: ../spend.db\n')
    const two = { cwd: `${machine.folder}/two` }
    await done(machine, ['budgets', 'list'], { cwd: `${machine.folder}/one` })
    const { code, out, err } = await machine.run(['budgets', 'apply'], two)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(
      /two.purser\.yaml defines no budgets, so 2 budgets of \S+one.purser\.yaml would be removed: daily, team\. Nothing is changed/,
    )
    expect((await machine.json(budgetListShape, ['budgets', 'list'], two)).budgets).toHaveLength(2)
    expect((await machine.json(budgetsAppliedShape, ['budgets', 'apply', '--yes'], two)).removed).toEqual(['daily', 'team'])
  })

  test('a file that says nothing of budgets leaves those of another alone', async () => {
    const machine = newMachine()
    machine.write('one/purser.yaml', file('5'))
    machine.write('two/purser.yaml', 'db: ../spend.db\n')
    await done(machine, costing('2'), { cwd: `${machine.folder}/one` })
    const { code, err } = await machine.run(['hold', 'reserve', '--amount', '1'], { cwd: `${machine.folder}/two` })
    expect([code, err]).toEqual([0, ''])
    expect((await machine.run(['hold', 'reserve', '--amount', '3'], { cwd: `${machine.folder}/two` })).code).toBe(4)
  })

  test('a budget of the environment is the same in every folder', async () => {
    const machine = newMachine()
    machine.write('one/purser.yaml', 'db: ../spend.db\n')
    const env = { MONTHLY_BUDGET_USD: '5', BLOCK_AT_BUDGET_LIMIT: 'true', PURSER_DB: `${machine.folder}/spend.db` }
    const here = await machine.run(['hold', 'reserve', '--amount', '4', '--label', 'user=ada'], { env })
    expect([here.code, here.err]).toEqual([0, expect.stringMatching(/\nBudgets of the environment: created user\.monthly\.\n$/)])
    const there = await machine.run(['hold', 'reserve', '--amount', '4', '--label', 'user=ada'], { env, cwd: `${machine.folder}/one` })
    expect([there.code, there.err]).toEqual([4, expect.stringContaining('Budget "user.monthly" (user=ada) has no room for $4.00')])
  })

  test('one that a command changes or removes is said to come back', async () => {
    const machine = newMachine()
    machine.write('purser.yaml', file('5'))
    expect((await machine.run([...set, 'daily', '--limit', '6'])).err).toContain('is defined in')
    expect((await machine.json(budgetsAppliedShape, ['budgets', 'apply'])).changed).toEqual(['daily'])
    expect((await machine.run(['budgets', 'remove', 'daily'])).err).toContain('is still defined in')
    expect((await machine.json(budgetsAppliedShape, ['budgets', 'apply'])).created).toEqual(['daily'])
    // Also of one that a command has changed before, whose file is as it was.
    await done(machine, [...set, 'daily', '--limit', '6'])
    expect((await machine.run([...set, 'daily', '--limit', '7'])).err).toContain('is defined in')
    expect((await machine.run(['budgets', 'remove', 'daily'])).err).toContain('is still defined in')
    expect((await machine.run([...set, 'daily', '--limit', '8', '--window', 'day'])).err).toContain('is defined in')
  })

  test('one that no file defines is removed without a word of any', async () => {
    const machine = newMachine()
    machine.write('purser.yaml', file('5'))
    await done(machine, [...set, 'weekly', '--limit', '20', '--window', 'week'])
    expect((await machine.run(['budgets', 'remove', 'weekly'])).err).toBe('')
  })
})

describe('thresholds', () => {
  test('are told as they are crossed, the highest of each budget', async () => {
    const machine = newMachine()
    await done(machine, [...set, 'all', '--limit', '4', '--window', 'total'])
    expect((await machine.run(costing('1'))).err).toBe('')
    expect((await machine.run(costing('1'))).err).toBe('· info: Budget "all" has reached 50 %: $2.00 of $4.00 spent.\n')
    const { out, err } = await machine.run([...costing('1.9', '--json')])
    expect(JSON.parse(out)).toMatchObject({ costNanos: '1900000000' })
    expect(warningShape.parse(JSON.parse(err)).warning.message).toBe('Budget "all" has reached 95 %: $3.90 of $4.00 spent.')
  })

  test('of an import are told once at its end, with the message of their own', async () => {
    const machine = newMachine()
    machine.write(
      'purser.yaml',
      'budgets:\n  all: { limit: 1, window: total, mode: soft, thresholds: [{ percent: 80, message: slow down }] }\n',
    )
    const lines = Array.from({ length: 9 }, (_, n) =>
      JSON.stringify({ id: `c${n}`, at: '2026-02-01T10:00:00Z', provider: 'acme', model: 'm', costUsd: 0.1 }),
    )
    machine.write('calls.jsonl', `${lines.join('\n')}\n`)
    const { err } = await machine.run(['import', 'jsonl', 'calls.jsonl'])
    expect(err.split('\n').slice(1)).toEqual(['⚠ warning: slow down (budget "all", 80 %: $0.80 of $1.00 spent)', ''])
  })
})

describe('with COST_TRACKING_ENABLED=false', () => {
  test('nothing is booked or held, which is said where a budget would refuse', async () => {
    const machine = newMachine()
    const off = { env: { COST_TRACKING_ENABLED: 'false' } }
    expect(await machine.run(costing('1'), off)).toEqual({ code: 0, out: '', err: '' })
    await done(machine, [...set, 'all', '--limit', '0', '--window', 'total'])
    const { code, out, err } = await machine.run(['hold', 'reserve', '--amount', '1', '--json'], off)
    expect([code, JSON.parse(out)]).toMatchObject([0, { granted: true, warnings: [], tracking: false }])
    expect(err).toContain('nothing keeps to the budgets all')
    const ran = await machine.run(['guard', '--max', '1', '--', 'sh', '-c', 'echo ran; exit 3'], off)
    expect([ran.code, ran.out]).toEqual([3, 'ran\n'])
    expect(JSON.parse((await machine.run(costing('1', '--json'), off)).out)).toEqual({ tracking: false })
    expect(await statusOf(machine)).toMatchObject([{ spent: '0', held: '0' }])
  })
})
