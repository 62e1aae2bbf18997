import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { configCheckShape, configShowShape, initShape } from '../../src/json/config-shapes.ts'
import { newMachine } from './run-purser.ts'

describe('which ledger', () => {
  test('--db, else PURSER_DB, else the nearest purser.yaml, else the user’s, else the data folder', async () => {
    const machine = newMachine()
    const chosen = async (args: string[] = [], env: Record<string, string> = {}) => {
      const { db, dbFrom } = await machine.json(configShowShape, ['config', 'show', ...args], { env, cwd: join(machine.folder, 'deep/er') })
      return [db.replace(machine.home, '~'), dbFrom.replace(machine.home, '~')]
    }
    machine.write('deep/er/x', '')
    const config = join(machine.home, 'cfg')
    const env = { XDG_CONFIG_HOME: config, XDG_DATA_HOME: join(machine.home, 'data') }
    expect(await chosen([], env)).toEqual(['~/data/purser/purser.db', 'default'])
    machine.write('../cfg/purser/purser.yaml', 'db: mine.db\n')
    expect(await chosen([], env)).toEqual(['~/cfg/purser/mine.db', '~/cfg/purser/purser.yaml'])
    machine.write('purser.yaml', 'db: team.db\n')
    expect(await chosen([], env)).toEqual(['~/project/team.db', '~/project/purser.yaml'])
    expect(await chosen([], { ...env, PURSER_DB: '/tmp/env.db' })).toEqual(['/tmp/env.db', 'PURSER_DB'])
    expect(await chosen(['--db', 'flag.db'], { ...env, PURSER_DB: '/tmp/env.db' })).toEqual(['~/project/deep/er/flag.db', '--db'])
    const stored = { ...env, COST_STORAGE_PATH: '~/costs' }
    expect(await chosen([], stored)).toEqual(['~/costs/purser.db', 'COST_STORAGE_PATH'])
    expect(await chosen([], { ...env, COST_STORAGE_PATH: 'costs' })).toEqual(['~/project/deep/er/costs/purser.db', 'COST_STORAGE_PATH'])
    expect(await chosen([], { ...stored, PURSER_DB: '/tmp/env.db' })).toEqual(['/tmp/env.db', 'PURSER_DB'])
    machine.write('vars/jobs.env', 'COST_STORAGE_PATH=costs # beside purser.yaml\n')
    machine.write('purser.yaml', 'db: team.db\nenv_file: vars/jobs.env\n')
    expect(await chosen([], env)).toEqual(['~/project/costs/purser.db', '~/project/vars/jobs.env'])
    machine.write('other.yaml', 'db: ~/other.db\n')
    expect(await chosen(['--config', '../../other.yaml'], env)).toEqual(['~/other.db', '~/project/other.yaml'])
    expect(await chosen([], { ...env, PURSER_CONFIG: join(machine.folder, 'other.yaml') })).toEqual(['~/other.db', '~/project/other.yaml'])
  })

  test('the options stand before or after the command', async () => {
    const machine = newMachine()
    const { out } = await machine.run(['--db', 'a.db', '--json', 'config', 'show'])
    expect(configShowShape.parse(JSON.parse(out)).db).toBe(join(machine.folder, 'a.db'))
  })

  test('a named file that is missing is an error', async () => {
    const { code, err } = await newMachine().run(['costs', '--config', 'gone.yaml'])
    expect([code, err.includes('gone.yaml, which does not exist')]).toEqual([2, true])
  })
})

test('the user’s own purser.yaml lies under the nearest one: keys of that win, prices and subjects of both count', async () => {
  const machine = newMachine()
  const env = { XDG_CONFIG_HOME: join(machine.home, 'cfg') }
  const price = (amount: number) => `{ provider: acme, input_per_million: ${amount}, output_per_million: ${amount} }`
  machine.write(
    '../cfg/purser/purser.yaml',
    `timezone: Asia/Tokyo\nweek_starts: sunday\nlabels: { subjects: [customer] }\npricing:\n  last_updated: 2026-11-01\n  models:\n    a: ${price(1)}\n    b: ${price(1)}\n`,
  )
  machine.write(
    'purser.yaml',
    `timezone: Europe/Paris\nlabels: { subjects: [order] }\npricing:\n  last_updated: 2026-11-01\n  models:\n    b: ${price(2)}\n`,
  )
  const shown = await machine.json(configShowShape, ['config', 'show'], { env })
  expect(shown).toMatchObject({ timezone: 'Europe/Paris', weekStarts: 'sunday', subjects: ['order', 'customer'], ownerCards: 3 })
  const nanos = async (model: string) => {
    const { out } = await machine.run(['price', '--provider', 'acme', '--model', model, '--usage', 'inputTokens=1000000', '--json'], {
      env,
    })
    return (JSON.parse(out) as { costNanos: string }).costNanos
  }
  expect(await Promise.all([nanos('a'), nanos('b')])).toEqual(['1000000000', '2000000000'])
})

describe('config check', () => {
  test('says what is doubtful: old prices, retention, sources that are missing, another zone', async () => {
    const machine = newMachine()
    await machine.run(['record', '--provider', 'openai', '--model', 'gpt-4o', '--usage', 'inputTokens=1', '--db', 'spend.db'])
    machine.write(
      'purser.yaml',
      'db: spend.db\ntimezone: Europe/Paris\nlabels: { subjects: [customer] }\nsources:\n  - { kind: jsonl, path: gone.jsonl }\n' +
        'pricing:\n  last_updated: 2025-01-01\n  models:\n    z: { provider: acme, input_per_million: 1, output_per_million: 1 }\n' +
        'usage:\n  retention: { detailed: 90, daily: 365, monthly: forever }\n',
    )
    const { warnings } = await machine.json(configCheckShape, ['config', 'check'])
    const found = (words: string) => warnings.some((warning) => warning.includes(words))
    expect(['2025-01-01', 'not in force in this version', 'gone.jsonl', 'created in UTC', 'customer'].map(found)).toEqual([
      true,
      true,
      true,
      true,
      true,
    ])
  })

  test('finds a mistake in a price, and in the mapping of a source', async () => {
    const machine = newMachine()
    machine.write('purser.yaml', 'pricing:\n  models:\n    z: { provider: acme, input_per_million: cheap }\n')
    expect(await machine.run(['config', 'check'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/purser\.yaml:3:\d+: .*"cheap"/) as string,
    })
    machine.write('purser.yaml', 'sources:\n  - { kind: csv, path: a.csv, map: { when: a } }\n')
    expect(await machine.run(['config', 'check'])).toMatchObject({ code: 2, err: expect.stringContaining('"when"') as string })
  })

  test('old prices are warned about where they are used', async () => {
    const machine = newMachine()
    machine.write(
      'purser.yaml',
      'db: spend.db\npricing:\n  last_updated: 2025-01-01\n  models:\n    z: { provider: acme, input_per_million: 1, output_per_million: 1 }\n',
    )
    const { code, err } = await machine.run(['record', '--provider', 'acme', '--model', 'z', '--usage', 'inputTokens=1'])
    expect(code).toBe(0)
    expect(err).toMatch(/^warning: The prices of z were last checked on 2025-01-01/)
  })
})

describe('budgets', () => {
  test('config show names them, and --expanded shows each in full with where it is from', async () => {
    const machine = newMachine()
    const path = machine.write(
      'purser.yaml',
      'budgets:\n  team: { limit: 0.1, window: month@15, each: [project], where: "stage!=draft", overrides: { atlas: { limit: 30, mode: soft } }, increase: { by: 1, until: 2026-12-01 } }\n',
    )
    const env = { MONTHLY_BUDGET_USD: '50' }
    const plain = await machine.json(configShowShape, ['config', 'show'], { env })
    expect(plain).toMatchObject({ budgetNames: ['team', 'user.monthly'], environment: env })
    expect(plain.budgets).toBeUndefined()
    const { budgets } = await machine.json(configShowShape, ['config', 'show', '--expanded'], { env })
    expect(budgets?.[0]).toEqual({
      name: 'team',
      from: `${path}:2:3`,
      metric: 'cost',
      limit: '100000000',
      mode: 'strict',
      tolerance: '0',
      onLimit: 'block',
      thresholds: [
        { percent: 50, level: 'info' },
        { percent: 80, level: 'warning' },
        { percent: 95, level: 'critical' },
      ],
      where: [{ field: 'stage', op: 'not', values: ['draft'] }],
      each: ['project'],
      window: 'month@15',
      timezone: 'UTC',
      overrides: [{ match: { project: 'atlas' }, limit: '30000000000', mode: 'soft', onLimit: 'warn' }],
      increase: { by: '1000000000', until: '2026-12-02T00:00:00.000Z' },
      countsPlan: false,
      countsCacheReads: true,
      ceiling: null,
      learnBy: [],
      quantile: 0.9,
    })
    expect(budgets?.[1]).toMatchObject({ name: 'user.monthly', from: 'MONTHLY_BUDGET_USD', limit: '50000000000' })
    const { out } = await machine.run(['config', 'show', '--expanded'])
    expect(out.split('\n\n')[1]?.split('\n')).toEqual([
      `team  ${path}:2:3`,
      '  limit       $0.10, a month@15 (UTC)',
      '  at limit    strict: block',
      '  scope       calls with stage!=draft, each project apart',
      '  thresholds  50 % info, 80 % warning, 95 % critical',
      '  override    project=atlas: $30.00, soft, warn',
      '  increase    $1.00 until 2026-12-02T00:00:00.000Z',
      '',
    ])
  })

  test('their days are those of the ledger, where there is one', async () => {
    const machine = newMachine()
    machine.write('purser.yaml', 'db: spend.db\ntimezone: Asia/Tokyo\nbudgets: { a: { limit: 1, window: day } }\n')
    await machine.run(['record', '--provider', 'openai', '--model', 'gpt-4o', '--usage', 'inputTokens=1'])
    machine.write('purser.yaml', 'db: spend.db\nbudgets: { a: { limit: 1, window: day } }\n')
    const { budgets } = await machine.json(configShowShape, ['config', 'show', '--expanded'])
    expect(budgets?.[0]?.timezone).toBe('Asia/Tokyo')
  })

  test('config check finds what is wrong in them, and what is doubtful', async () => {
    const machine = newMachine()
    machine.write('purser.yaml', 'budgets:\n  team: { limit: 5, window: fortnight }\n')
    const { code, err } = await machine.run(['config', 'check'])
    expect([code, /purser\.yaml:2:21: budgets\.team\.window is "fortnight"; write run/i.test(err)]).toEqual([2, true])
    machine.write('users/1.json', '{ "user_id": 1, "budget": { "monthly_limit_usd": 5, "notification_email": "a@example.com" } }')
    machine.write(
      'purser.yaml',
      'budgets: { a: { limit: 5, window: run, increase: { by: 1, until: 2025-01-01 } } }\nuser_profiles: [users/1.json]\n' +
        'alerts: { notifications: [{ type: email, recipients: [a@example.com] }] }\n',
    )
    const { warnings } = await machine.json(configCheckShape, ['config', 'check'], { env: { COST_TRACKING_ENABLED: 'false' } })
    const found = (words: string) => warnings.some((warning) => warning.includes(words))
    const doubtful = [
      'each is now run',
      'increase of the budget "a" has ended',
      'alerts.notifications',
      'notification_email',
      'COST_TRACKING_ENABLED',
    ]
    expect(doubtful.filter((words) => !found(words))).toEqual([])
  })

  test('a COST_STORAGE_PATH that is a file cannot hold a ledger', async () => {
    const machine = newMachine()
    const path = machine.write('costs', '')
    const { code, err } = await machine.run(['config', 'check'], { env: { COST_STORAGE_PATH: path } })
    expect([code, err.includes('which is a file')]).toEqual([2, true])
  })
})

describe('init', () => {
  test('writes a purser.yaml that works, and never replaces one unasked', async () => {
    const machine = newMachine()
    machine.write('../.claude/projects/x/s.jsonl', '')
    expect(await machine.json(initShape, ['init', '--db', 'spend.db'])).toEqual({
      path: join(machine.folder, 'purser.yaml'),
      sources: ['claude-code'],
    })
    const written = readFileSync(join(machine.folder, 'purser.yaml'), 'utf8')
    expect((await machine.json(configShowShape, ['config', 'show'])).db).toBe(join(machine.folder, 'spend.db'))
    expect((await machine.run(['config', 'check'])).code).toBe(0)
    const again = await machine.run(['init'])
    expect([again.code, again.err.includes('--force')]).toEqual([2, true])
    expect(readFileSync(join(machine.folder, 'purser.yaml'), 'utf8')).toBe(written)
    expect((await machine.run(['init', '--force'])).code).toBe(0)
  })

  test('every example in its comments is right', async () => {
    const machine = newMachine()
    await machine.run(['init'])
    const lines = readFileSync(join(machine.folder, 'purser.yaml'), 'utf8').split('\n')
    const yaml = lines.map((line) => (/^# {0,1}(?=[a-z_]+:( |$)|  )/.test(line) ? line.replace(/^# ?/, '') : line)).join('\n')
    machine.write('purser.yaml', yaml)
    machine.write('calls.csv', 'TIMESTAMP,ContextTokens,GeneratedTokens\n')
    const shown = await machine.json(configShowShape, ['config', 'show'])
    expect(shown).toMatchObject({
      timezone: 'Europe/Paris',
      subjects: ['customer'],
      ownerCards: 3,
      budgetNames: ['everything', 'project', 'run'],
      retention: { detailed: 90, daily: 365, monthly: 'forever' },
    })
    expect(shown.sources.map((source) => source['kind'])).toEqual(['claude-code', 'codex', 'csv'])
  })
})
