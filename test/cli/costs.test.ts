import { beforeAll, describe, expect, test } from 'vitest'
import { costsShape } from '../../src/json/json-shapes.ts'
import { displayWidth } from '../../src/text/display-width.ts'
import { type Machine, machineInFolder } from './run-purser.ts'

const calls = [
  {
    at: '2026-02-01T23:30:00Z',
    provider: 'openai',
    model: 'gpt-4o',
    usage: { inputTokens: 1000 },
    labels: { project: 'azure', run: 'r1' },
  },
  {
    at: '2026-02-02T10:00:00Z',
    provider: 'openai',
    model: 'gpt-4o',
    usage: { outputTokens: 1000 },
    labels: { project: 'azure', run: 'r2' },
  },
  {
    at: '2026-02-03T10:00:00Z',
    provider: 'openai',
    model: 'gpt-4o-mini',
    usage: { inputTokens: 1_000_000 },
    labels: { project: 'ブルー計画の長い名前です' },
  },
  {
    at: '2026-02-28T23:59:00Z',
    provider: 'anthropic',
    model: 'claude-sonnet-4-5',
    usage: { outputTokens: 1000 },
    labels: {},
    basis: 'plan',
  },
  { at: '2026-03-01T00:00:00Z', provider: 'acme', model: 'zeta-9', usage: { inputTokens: 5 }, labels: { project: 'azure' } },
  {
    at: '2026-03-01T00:15:00Z',
    provider: 'openai',
    model: 'gpt-4o',
    usage: { inputTokens: 400 },
    labels: { project: 'azure' },
    estimated: true,
  },
]

let machine: Machine
const ask = (...args: string[]) => machine.json(costsShape, ['costs', ...args])

describe('costs', () => {
  // One ledger for all questions: none of them changes it.
  beforeAll(async () => {
    const { machine: shared, remove } = machineInFolder()
    machine = shared
    machine.write('calls.jsonl', calls.map((call) => `${JSON.stringify(call)}\n`).join(''))
    await machine.run(['import', 'jsonl', 'calls.jsonl'])
    return remove
  })

  test('by label and model, in the documented shape', async () => {
    const { groupBy, rows, total } = await ask('--by', 'model,project', '--period', 'all')
    expect(groupBy).toEqual(['model', 'project'])
    // gpt-4o: 1,000 × $2.50 + 1,000 × $10 + 400 × $2.50 a million = $0.0135.
    expect(rows[1]).toMatchObject({
      model: 'gpt-4o',
      project: 'azure',
      calls: 3,
      costUsd: 0.0135,
      costNanos: '13500000',
      inputTokens: 1400,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      outputTokens: 1000,
      totalTokens: 2400,
      runs: 2,
      unpricedCalls: 0,
      estimatedCalls: 1,
      estimatedUsd: 0.001,
      costPerRunUsd: 0.00675,
      tokensPerRun: 1200,
    })
    expect(rows.find((row) => row['model'] === 'claude-sonnet-4-5')).toMatchObject({
      project: null,
      costNanos: '0',
      planNanos: '15000000',
      planCalls: 1,
    })
    expect(rows.find((row) => row['model'] === 'zeta-9')).toMatchObject({ unpricedCalls: 1, costNanos: '0', costPerRunUsd: null })
    const sum = rows.reduce((nanos, row) => nanos + BigInt(row.costNanos), 0n)
    expect(total).toMatchObject({ calls: 6, costNanos: String(sum), runs: 2, unpricedCalls: 1, planCalls: 1 })
  })

  test('a date as the end is inclusive, an instant is not', async () => {
    const february = await ask('--since', '2026-02-01', '--until', '2026-02-28')
    expect(february.period).toEqual({
      name: 'custom',
      since: '2026-02-01T00:00:00.000Z',
      until: '2026-03-01T00:00:00.000Z',
      timezone: 'UTC',
    })
    expect(february.total.calls).toBe(4)
    expect((await ask('--since', '2026-02-01', '--until', '2026-02-28T00:00:00Z')).total.calls).toBe(3)
    expect((await ask('--since', '2026-03-01T00:15:00Z')).total.calls).toBe(1)
  })

  test('days are those of the zone asked for', async () => {
    const paris = await ask('--by', 'day', '--since', '2026-02-01', '--until', '2026-02-03', '--timezone', 'Europe/Paris')
    expect(paris.period.since).toBe('2026-01-31T23:00:00.000Z')
    expect(paris.rows.map((row) => [row['day'], row.calls])).toEqual([
      ['2026-02-02', 2],
      ['2026-02-03', 1],
    ])
    const utc = await ask('--by', 'day', '--since', '2026-02-01', '--until', '2026-02-03')
    expect(utc.rows.map((row) => row['day'])).toEqual(['2026-02-01', '2026-02-02', '2026-02-03'])
  })

  test('filters: equal, not, any of, prefix, absent, several at once', async () => {
    const count = async (...filters: string[]) =>
      (await ask('--period', 'all', ...filters.flatMap((filter) => ['--where', filter]))).total.calls
    expect(await Promise.all([count('project=azure'), count('project!=azure'), count('model=gpt-4o|gpt-4o-mini')])).toEqual([4, 2, 4])
    expect(
      await Promise.all([count('project=az*'), count('project='), count('project!='), count('project=azure', 'model=gpt-4o')]),
    ).toEqual([4, 1, 5, 3])
  })

  test('sort and limit: the others are summed in a row, and all rows make the total', async () => {
    const { rows, others, total } = await ask('--by', 'model', '--period', 'all', '--sort', 'calls', '--limit', '1')
    expect(rows.map((row) => row['model'])).toEqual(['gpt-4o'])
    expect(others).toMatchObject({ rows: 3, calls: 3 })
    expect(total.calls).toBe(6)
    const names = await ask('--by', 'model', '--period', 'all', '--sort', 'name', '--desc')
    expect(names.rows.map((row) => row['model'])).toEqual(['zeta-9', 'gpt-4o-mini', 'gpt-4o', 'claude-sonnet-4-5'])
  })

  test('by meter, quantities stand in their unit', async () => {
    const { rows } = await ask('--by', 'meter', '--period', 'all', '--where', 'model=gpt-4o')
    expect(rows.find((row) => row['meter'] === 'outputTokens')).toMatchObject({ quantity: 1000, costNanos: '10000000' })
  })

  test('everything, by model, unless asked otherwise', async () => {
    const { period, groupBy, total } = await ask()
    expect([period.name, groupBy, total.calls]).toEqual(['all', ['model'], 6])
  })

  test('the table fits the terminal whatever its width, with wide characters counted', async () => {
    for (const columns of ['40', '60', '80', '120', '200']) {
      const { out } = await machine.run(['costs', '--by', 'project,model', '--period', 'all'], { env: { COLUMNS: columns } })
      const lines = out.split('\n').slice(0, out.split('\n').findIndex((line) => line.startsWith('Total')) + 1)
      expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(Number(columns))
      expect(lines.length).toBe(9)
    }
  })

  test('what is unpriced, estimated or covered by a plan is marked, with what to do', async () => {
    const { out } = await machine.run(['costs', '--by', 'model', '--period', 'all'])
    expect(out).toMatch(/zeta-9 +unpriced/)
    expect(out).toMatch(/gpt-4o +~\$0\.0135/)
    expect(out).toMatch(/Total +≥ ~\$0\.1635/)
    expect(out).toContain('plan: list prices of 1 call that a subscription covers')
    expect(out).toContain('1 call without a price: acme/zeta-9. Give one in purser.yaml, then `purser reprice --apply`.')
  })

  test('a field that is mistyped is taken for a label, and said to be on no call', async () => {
    const { out } = await machine.run(['costs', '--by', 'modl', '--period', 'all'])
    expect(out).toContain('modl: no call carries this label; did you mean model?')
  })

  test('colours only where they are wanted', async () => {
    const colours = async (env: Record<string, string>, ...args: string[]) =>
      (await machine.run(['costs', '--period', 'all', ...args], { env })).out.includes('\u001B[')
    expect(
      await Promise.all([
        colours({}),
        colours({ FORCE_COLOR: '1' }),
        colours({ FORCE_COLOR: '1' }, '--no-color'),
        colours({ NO_COLOR: '1' }),
      ]),
    ).toEqual([false, true, false, false])
  })
})
