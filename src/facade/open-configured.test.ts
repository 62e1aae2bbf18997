import { budgetJson } from '../json/budget-json.ts'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { acmeCards } from '../../test/ledger/acme-cards.ts'
import { whenEnded } from '../../test/cli/run-purser.ts'
import { enterMachine, openConfigured } from '../../test/configured-machine.ts'
import { configCheckShape, configShowShape } from '../json/config-shapes.ts'
import { Purser } from '../purser.ts'

const daily = 'db: spend.db\nbudgets:\n  daily: { limit: 5, window: day }\n'
const big = { provider: 'acme', model: 'big', usage: { inputTokens: 1_000_000 } }

/** Names and limits in force, in nanos. */
async function limitsOf(purser: Purser): Promise<Record<string, bigint>> {
  return Object.fromEntries((await purser.budgets.list()).map(({ budget }) => [budget.name, budget.limit]))
}

describe('the ledger', () => {
  test('lies where the file says, with its zone and subjects', async () => {
    const machine = enterMachine()
    machine.write('conf/purser.yaml', 'db: spend.db\ntimezone: Europe/Paris\nlabels: { subjects: [customer] }\n')
    const purser = await openConfigured({ config: 'conf/purser.yaml' })
    expect(purser.location).toBe(join(machine.folder, 'conf/spend.db'))
    expect(purser.timezone).toBe('Europe/Paris')
    expect(purser.subjects.has('customer')).toBe(true)
    expect(purser.warnings).toEqual([])
  })

  test('true is the nearest file upward, else the one that PURSER_CONFIG names', async () => {
    const machine = enterMachine()
    machine.write('purser.yaml', 'db: near.db\n')
    machine.write('other/purser.yaml', 'db: other.db\n')
    mkdirSync(join(machine.folder, 'a/b'), { recursive: true })
    process.chdir(join(machine.folder, 'a/b'))
    expect((await openConfigured()).location).toBe(join(machine.folder, 'near.db'))
    process.env['PURSER_CONFIG'] = join(machine.folder, 'other/purser.yaml')
    expect((await openConfigured()).location).toBe(join(machine.folder, 'other/other.db'))
    expect((await openConfigured({ config: '~/project/purser.yaml' })).location).toBe(join(machine.folder, 'near.db'))
  })

  test('is that of PURSER_DB before that of COST_STORAGE_PATH, and both before that of the file', async () => {
    const machine = enterMachine()
    machine.write('purser.yaml', 'db: file.db\nenv_file: pipeline.env\n')
    machine.write('pipeline.env', 'COST_STORAGE_PATH=costs\n')
    expect((await openConfigured()).location).toBe(join(machine.folder, 'costs/purser.db'))
    process.env['PURSER_DB'] = 'variable.db'
    expect((await openConfigured()).location).toBe(join(machine.folder, 'variable.db'))
    expect((await openConfigured({ db: 'option.db' })).location).toMatch(/option\.db$/)
    expect((await openConfigured({ db: ':memory:' })).location).toBe('memory')
  })

  test('where nothing is configured is the one in the data folder, and that is said', async () => {
    const machine = enterMachine()
    const purser = await openConfigured()
    expect(purser.location.startsWith(machine.home)).toBe(true)
    expect(purser.warnings).toEqual(['there is no purser.yaml in this folder or above, and none of your own.'])
  })

  test('options win over the file; subjects of both count, and one that is undefined is left out', async () => {
    const machine = enterMachine()
    machine.write('purser.yaml', 'db: spend.db\ntimezone: Europe/Paris\nlabels: { subjects: [customer] }\n')
    const options: object = { timezone: 'Asia/Tokyo', subjects: ['order'], db: undefined }
    const purser = await openConfigured(options)
    expect([purser.location, purser.timezone]).toEqual([join(machine.folder, 'spend.db'), 'Asia/Tokyo'])
    expect([purser.subjects.has('customer'), purser.subjects.has('order')]).toEqual([true, true])
  })

  test('questions are asked in the zone and weeks of the file, also where the ledger has another zone', async () => {
    const machine = enterMachine()
    await (await openConfigured({ db: 'spend.db' })).close()
    machine.write('purser.yaml', 'db: spend.db\ntimezone: Asia/Tokyo\nweek_starts: sunday\n')
    const purser = await openConfigured()
    // 16:00 UTC on Saturday the 21st is 01:00 on Sunday the 22nd in Tokyo, where a week begins that day.
    await purser.record({ ...big, costUsd: '1', at: '2026-11-21T16:00:00Z' })
    const { rows } = await purser.costs({ groupBy: ['week'] })
    expect(rows.map(({ key }) => key)).toEqual([['2026-11-22']])
    expect(purser.warnings).toEqual(['the ledger was created in UTC; questions in Asia/Tokyo are answered, and take longer.'])
    const { record } = await purser.budgets.set('weekly', { limit: '5', window: 'week' })
    expect(record.budget.window).toEqual({ kind: 'week', startsOn: 7 })
  })
})

describe('prices and profiles', () => {
  test('of the file are in force; those of the options win', async () => {
    const machine = enterMachine()
    const prices = '  big: { provider: acme, input_per_million: 7, output_per_million: 9 }\n  flat: { provider: solo, per_image: 0.04 }\n'
    machine.write('purser.yaml', `db: spend.db\npricing:\n models:\n${prices.replaceAll(/^/gm, ' ')}`)
    const purser = await openConfigured()
    // A million tokens at $7 a million.
    expect((await purser.record(big)).costNanos).toBe(7_000_000_000n)
    await purser.close()
    const own = await openConfigured({ ownerCards: acmeCards.filter(({ model }) => model === 'big') })
    // A million tokens at two nano-dollars.
    expect(own.price(big)).toMatchObject({ costNanos: 2_000_000n })
    // Two pictures at $0.04: what the options do not price is priced by the file.
    expect(own.price({ provider: 'solo', model: 'flat', usage: { images: 2 } })).toMatchObject({ costNanos: 80_000_000n })
  })

  test('profiles of both count by name, and a program may put one of the file into force', async () => {
    const machine = enterMachine()
    const profiles = 'profiles:\n  cheap: { default: openai/gpt-4o-mini }\n  good: { default: openai/gpt-4o }\n'
    machine.write('purser.yaml', `db: spend.db\n${profiles}profile: cheap\n`)
    expect(await (await openConfigured()).profiles.model()).toMatchObject({ model: 'gpt-4o-mini', profile: 'cheap' })
    expect(await (await openConfigured({ profile: 'good' })).profiles.model()).toMatchObject({ model: 'gpt-4o' })
    const own = await openConfigured({ profiles: { cheap: { default: 'openai/gpt-4.1-nano' } } })
    expect(await own.profiles.model()).toMatchObject({ model: 'gpt-4.1-nano', profile: 'cheap' })
    expect(own.profiles.list().map(({ name }) => name)).toEqual(['cheap', 'good'])
    await expect(openConfigured({ profile: 'god' })).rejects.toThrow('"profile" of the options of Purser.open names "god"')
  })

  test('service tiers of the file lower bounds, unless the options say others', async () => {
    const machine = enterMachine()
    machine.write('purser.yaml', `${daily}bounds: { service_tiers: { openai: [standard] } }\n`)
    const messages = [
      { role: 'system', content: 'You are terse.' },
      { role: 'user', content: 'Hello there' },
    ]
    const request = { provider: 'openai', api: 'chat', body: { model: 'gpt-4o', max_tokens: 100, messages } } as const
    const heldBy = async (purser: Purser): Promise<bigint | undefined> => {
      const grant = await purser.holds.reserve({ request })
      const [status] = await purser.budgets.status()
      if (grant.granted) await purser.holds.release(grant.id)
      return status?.held
    }
    // 14 + 11 bytes, 256 for the request and 2 × 16 for the messages: 313 × $0.0000025 + 100 × $0.00001 = $0.0017825.
    expect(await heldBy(await openConfigured())).toBe(1_782_500n)
    // Priority is 1.7 times as much: $0.00303025.
    expect(await heldBy(await openConfigured({ serviceTiers: { openai: ['priority'] } }))).toBe(3_030_250n)
  })
})

describe('budgets', () => {
  test('are put into force when the file changes, and otherwise nothing is done', async () => {
    const machine = enterMachine()
    machine.write('purser.yaml', daily)
    const first = await openConfigured()
    expect(await limitsOf(first)).toEqual({ daily: 5_000_000_000n })
    await first.budgets.set('by-hand', { limit: '9', window: 'month' })
    const second = await openConfigured()
    expect((await second.budgets.history()).map(({ budget }) => budget)).toEqual(['daily', 'by-hand'])

    machine.write('purser.yaml', 'db: spend.db\nbudgets:\n  weekly: { limit: 20, window: week }\n')
    const third = await openConfigured()
    expect(await limitsOf(third)).toEqual({ 'by-hand': 9_000_000_000n, weekly: 20_000_000_000n })
    const changes = (await third.budgets.history()).slice(2)
    expect(changes.map(({ budget, author, after }) => [budget, author, after === null])).toEqual([
      ['weekly', `file:${join(machine.folder, 'purser.yaml')}`, false],
      ['daily', `file:${join(machine.folder, 'purser.yaml')}`, true],
    ])
  })

  test('are put into force by several that open it at once', async () => {
    const machine = enterMachine()
    machine.write('purser.yaml', 'db: spend.db\nbudgets:\n  a: { limit: 1, window: day }\n  b: { limit: 2, window: day }\n')
    await (await openConfigured()).close()
    machine.write('purser.yaml', 'db: spend.db\nbudgets:\n  c: { limit: 3, window: day }\n')
    const opened = await Promise.all(Array.from({ length: 8 }, () => openConfigured()))
    for (const purser of opened) expect(await limitsOf(purser)).toEqual({ c: 3_000_000_000n })
    const changes = await (opened[0] as Purser).budgets.history()
    expect(changes.map(({ budget, after }) => [budget, after === null]).slice(2)).toEqual([
      ['c', false],
      ['a', true],
      ['b', true],
    ])
  })

  test('count what was booked before, and refuse from the first call on', async () => {
    const machine = enterMachine()
    const before = await openConfigured({ db: 'spend.db' })
    await before.record({ provider: 'acme', model: 'flat', costUsd: '4.50' })
    machine.write('purser.yaml', daily)
    const purser = await openConfigured()
    expect(await purser.holds.reserve({ amount: { cost: '0.60' } })).toMatchObject({ granted: false, budget: 'daily' })
    expect(await purser.holds.reserve({ amount: { cost: '0.50' } })).toMatchObject({ granted: true })
  })

  test('of a second file are refused in the words of the command line, until they are applied by command', async () => {
    const machine = enterMachine()
    machine.write('purser.yaml', daily)
    await (await openConfigured()).close()
    machine.write('second.yaml', 'db: spend.db\nbudgets:\n  daily: { limit: 50, window: day }\n')
    const message =
      `The budgets of ${join(machine.folder, 'spend.db')} are defined by ${join(machine.folder, 'purser.yaml')}; those of ` +
      `${join(machine.folder, 'second.yaml')} are not in force. \`purser budgets apply\` makes this file the one that counts.`
    await expect(openConfigured({ config: 'second.yaml' })).rejects.toMatchObject({ code: 'PURSER_BAD_CONFIG', message })
    const told = await machine.run(['--config', 'second.yaml', 'hold', 'reserve', '--amount', '1'])
    expect(told).toMatchObject({ code: 2, err: expect.stringContaining(message) as string })

    expect((await machine.run(['--config', 'second.yaml', 'budgets', 'apply'])).code).toBe(0)
    expect(await limitsOf(await openConfigured({ config: 'second.yaml' }))).toEqual({ daily: 50_000_000_000n })
  })

  test('that cannot be put into force, because the ledger is only looked at, are told', async () => {
    const machine = enterMachine()
    machine.write('purser.yaml', daily)
    await (await openConfigured()).close()
    machine.write('purser.yaml', daily.replace('5', '6'))
    const purser = await openConfigured({ readOnly: true })
    expect(await limitsOf(purser)).toEqual({ daily: 5_000_000_000n })
    const path = join(machine.folder, 'purser.yaml')
    expect(purser.warnings).toEqual([
      `the budgets of ${path} are not those of the ledger, which can only be read: what is said goes by those of the ledger.`,
    ])
    machine.write('second.yaml', 'db: spend.db\nbudgets:\n  daily: { limit: 50, window: day }\n')
    const other = await openConfigured({ readOnly: true, config: 'second.yaml' })
    expect(other.warnings).toEqual([expect.stringContaining(`are defined by ${path}; those of `) as string])
  })

  test('of variables and of users’ files are those of the file that names them', async () => {
    const machine = enterMachine()
    machine.write('purser.yaml', 'db: spend.db\nuser_profiles: [users/*.json]\n')
    machine.write('users/2.json', '{ "user_id": 2, "budget": { "monthly_limit_usd": 2, "block_at_limit": true } }')
    process.env['MONTHLY_BUDGET_USD'] = '50'
    const purser = await openConfigured()
    const [month, ...others] = await purser.budgets.list()
    expect(others).toEqual([])
    expect(month?.budget).toMatchObject({ name: 'user.monthly', mode: 'soft', limit: 50_000_000_000n })
    expect(month?.budget.overrides).toMatchObject([{ match: { user: '2' }, limit: 2_000_000_000n, mode: 'strict' }])
    // It refuses calls of one user only, which is enough to be named where nothing is tracked.
    const off = { env: { MONTHLY_BUDGET_USD: '50', COST_TRACKING_ENABLED: 'false' } }
    const { err } = await machine.run(['hold', 'reserve', '--amount', '1'], off)
    expect(err).toContain('nothing keeps to the budgets user.monthly.')
  })
})

describe('cost tracking', () => {
  test('that a file switches off books nothing, and names the hard budgets of the configuration; an option wins', async () => {
    const machine = enterMachine()
    Reflect.deleteProperty(globalThis, Symbol.for('purser.untracked'))
    machine.write('purser.yaml', `${daily}env_file: pipeline.env\n`)
    machine.write('pipeline.env', 'COST_TRACKING_ENABLED=false\n')
    const told: string[] = []
    const off = await openConfigured({ onWarning: (message) => told.push(message) })
    expect(told).toEqual([expect.stringMatching(/^Cost tracking is off .* nothing keeps to the budgets daily\.$/) as string])
    expect(off.warnings).toEqual(['COST_TRACKING_ENABLED is false: nothing is booked or held, and budgets limit nothing.'])
    expect(await off.holds.reserve({ amount: { cost: '6' } })).toMatchObject({ granted: true })
    expect(existsSync(join(machine.folder, 'spend.db'))).toBe(false)

    const on = await openConfigured({ tracking: true })
    expect(on.warnings).toEqual([])
    expect(await on.holds.reserve({ amount: { cost: '6' } })).toMatchObject({ granted: false, budget: 'daily' })
  })
})

describe('what is wrong', () => {
  const wrong: readonly (readonly [string, string, string, string])[] = [
    ['a key', 'db: spend.db\nbugdets: {}\n', '2:1', 'Did you mean "budgets"?'],
    ['YAML', 'db: spend.db\nbudgets: [\n', '3:1', ''],
    ['a zone', 'db: spend.db\ntimezone: Europe/Pariss\n', '2:1', 'Europe/Pariss'],
    ['a budget', 'db: spend.db\nbudgets:\n  daily: { limit: 5, window: dya }\n', '3:22', 'budgets.daily.window'],
    ['a price', 'db: spend.db\npricing:\n  models:\n    big: { provider: acme, input_per_millon: 3 }\n', '4:28', 'pricing'],
    ['a profile', 'db: spend.db\nprofiles:\n  cheap: { default: 3 }\n', '3:12', 'profiles.cheap.default'],
    ['the profile in force', 'db: spend.db\nprofile: cheap\n', '2:1', 'profile names "cheap"'],
  ]
  test.each(wrong)('in %s is named by line and column, and no ledger is made', async (_, text, place, words) => {
    const machine = enterMachine()
    const path = machine.write('purser.yaml', text)
    const message = expect.stringContaining(`${path}:${place}: `) as string
    await expect(openConfigured()).rejects.toMatchObject({ code: 'PURSER_BAD_CONFIG', message })
    await expect(openConfigured()).rejects.toThrow(words)
    const said = await openConfigured().catch((error: Error) => error.message)
    expect((await machine.run(['config', 'check'])).err.trim()).toBe(`purser: ${String(said)}`)
    expect(readdirSync(machine.folder)).toEqual(['purser.yaml'])
  })

  test('is said of a file that is not there or cannot be read, of a variable, and of the option itself', async () => {
    const machine = enterMachine()
    const missing = `"config" of the options of Purser.open names ${join(machine.folder, 'none.yaml')}, which does not exist.`
    await expect(openConfigured({ config: 'none.yaml' })).rejects.toThrow(missing)
    await expect(openConfigured({ config: '' })).rejects.toThrow('it must be the path of a purser.yaml, or true for the nearest one')
    await expect(Purser.open({} as { db: string })).rejects.toThrow('"db" of the options of Purser.open is undefined')
    machine.write('purser.yaml', daily)
    process.env['COST_TRACKING_ENABLED'] = 'perhaps'
    await expect(openConfigured()).rejects.toThrow('COST_TRACKING_ENABLED is "perhaps"; it must be true or false.')
  })
})

test('the command line sees the same configuration, and has nothing left to apply', async () => {
  const machine = enterMachine()
  machine.write(
    'purser.yaml',
    `db: spend.db
timezone: Europe/Paris
pricing:
  models: { big: { provider: acme, input_per_million: 7, output_per_million: 9 } }
limits: { global: { max_cost_per_day: 50.00, max_concurrent_agents: 5 }, per_project: { default: { max_cost_per_month: 200.00 } } }
projects: { films: { limits: { max_cost_per_month: 300.00 } } }
budgets:
  daily: 10.00
  team: { limit: 20, window: 30d, each: [team], where: team!=, mode: soft, thresholds: [50, { percent: 90, message: Slow down }] }
profiles:
  odd: { default: acme/nothing }
usage: { retention: { detailed: 90 } }
`,
  )
  const purser = await openConfigured()
  const shown = await machine.json(configShowShape, ['config', 'show', '--expanded'])
  const inForce = (await purser.budgets.list()).map(({ budget }) => budget)
  const configured = (shown.budgets ?? []).map((budget) => ({ ...budget, from: '' }))
  expect(inForce.map((budget) => budgetJson(budget, ''))).toEqual(configured)
  expect(configured.map(({ name }) => name)).toEqual([
    'budgets.daily',
    'team',
    'limits.global.max_cost_per_day',
    'limits.global.max_concurrent_agents',
    'limits.per_project.max_cost_per_month',
  ])
  expect([purser.location, purser.timezone]).toEqual([shown.db, shown.timezone])
  expect(purser.profiles.list().map(({ name }) => name)).toEqual(shown.profileNames)
  const { warnings } = await machine.json(configCheckShape, ['config', 'check'])
  expect(purser.warnings).toEqual(warnings)
  expect(warnings.some((warning) => warning.includes('profile "odd"'))).toBe(true)
  // A command that applies the budgets says so where they change; here there is nothing to say.
  expect(await machine.run(['record', '--provider', 'acme', '--model', 'big', '--usage', 'inputTokens=1000'])).toMatchObject({
    code: 0,
    err: expect.not.stringContaining('Budgets of') as string,
  })
})

test('without a configuration, nothing of what reads one is loaded', async () => {
  const machine = enterMachine()
  machine.write('purser.yaml', daily)
  const loadedBy = async (options: string): Promise<string[]> => {
    const hook = `import { registerHooks } from 'node:module'
      registerHooks({ load: (url, context, next) => { process.stdout.write(url + '\\n'); return next(url, context) } })`
    const entry = new URL('../index.ts', import.meta.url).href
    const program = machine.write(
      'program.ts',
      `const { Purser } = await import('${entry}'); await (await Purser.open(${options})).close()`,
    )
    const child = spawn(process.execPath, [`--import=data:text/javascript,${encodeURIComponent(hook)}`, program], {
      cwd: machine.folder,
      env: { ...machine.env },
      stdio: 'pipe',
    })
    const { code, out, err } = await whenEnded(child)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    return out.split('\n').filter((url) => /\/src\/config\/|\/node_modules\/yaml\//.test(url))
  }
  expect(await loadedBy("{ db: 'spend.db' }")).toEqual([])
  expect((await loadedBy('{ config: true }')).some((url) => url.endsWith('/load-config.ts'))).toBe(true)
})
