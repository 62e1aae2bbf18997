import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { z } from 'zod'
import { commandList } from '../../src/cli/command-list.ts'
import { jsonAnswers, registerAnswers } from '../../src/json/json-answers.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { acmeCards } from '../ledger/acme-cards.ts'
import { Purser } from '../../src/purser.ts'
import { budgetConfigSchema, budgetLeftSchema } from '../../src/reports/schemas/budget-config-schema.ts'
import { costEstimateSchema, costVarianceSchema } from '../../src/reports/schemas/estimate-schemas.ts'
import { costDataSchema, costsBlockSchema } from '../../src/reports/schemas/host-schemas.ts'
import { groupCostSchema, runCostSummarySchema, runReportSchema, stageCostSchema } from '../../src/reports/schemas/run-cost-schemas.ts'
import { publishedSchemas, schemaRegistry } from '../../src/reports/schemas/schema-registry.ts'
import { serveShape } from '../../src/json/operation-shapes.ts'
import { type Machine, newMachine, type Ran, type RunOptions } from './run-purser.ts'
import { startServing } from './serving-machine.ts'

// Every command that answers in JSON is run once on one ledger, and each answer is read with the schema that the registry has
// for it. A schema that nothing was read with, or a command that was not run, fails the test.

registerAnswers()

const yaml = `db: ledger.db
timezone: UTC
pricing:
  last_updated: 2026-11-01
  acme:
    small: { input_per_million: 1, output_per_million: 4 }
    large: { input_per_million: 10, output_per_million: 40 }
profiles:
  economy: { default: acme/small }
  quality: { default: acme/large, step_down: { to: economy, at: 80%, budget: daily } }
profile: economy
budgets:
  daily: { limit: 50, window: day, thresholds: [80] }
sources:
  - { kind: jsonl, path: calls.jsonl }
`

const plan = 'project: film\ncalls:\n  - { stage: extract, calls: 4, input: 3000, output: 500 }\n'

/** Commands without an answer in JSON, and why. */
const others: Readonly<Record<string, string>> = {
  tour: 'is read by people',
  serve: 'is started and stopped apart',
  guard: 'passes on the output of its command',
}

class Answers {
  readonly #machine: Machine
  /** Schemas that something was read with. */
  readonly read = new Set<string>()
  readonly commands = new Set<string>()

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /** Reads a value with the schema that is registered under an id. */
  as<T extends z.ZodType>(shape: T, id: string, value: unknown): z.infer<T> {
    const registered = schemaRegistry.get(shape)?.id
    if (registered !== id) throw new Error(`The schema of ${id} is registered as ${registered}.`)
    this.read.add(id)
    return shape.parse(value)
  }

  /** Reads each line that a command printed. */
  lines(id: string, text: string): unknown[] {
    const shape = jsonAnswers.find((answer) => answer.id === id)?.shape
    if (shape === undefined) throw new Error(`No answer is called ${id}.`)
    const lines = text.trim().split('\n')
    return lines.map((line) => this.as(shape, id, JSON.parse(line)))
  }

  async run(args: readonly string[], code: number, options?: RunOptions): Promise<Ran> {
    this.commands.add(args.slice(0, 2).join(' '))
    this.commands.add(args[0] ?? '')
    const ran = await this.#machine.run([...args, '--json'], options)
    if (ran.code !== code) throw new Error(`purser ${args.join(' ')} ended with ${ran.code}, not ${code}: ${ran.err}`)
    return ran
  }

  /** Runs a command, and reads what it answers. */
  async ask(id: string, args: readonly string[], { code = 0, ...options }: RunOptions & { code?: number } = {}): Promise<unknown> {
    const { out } = await this.run(args, code, options)
    return this.lines(id, out)[0]
  }
}

async function filmRun(db: string, run: string): Promise<void> {
  const purser = await Purser.open({ db, ownerCards: acmeCards })
  await purser.run({ id: run, project: 'film', estimate: '0.50', budget: '2.00' }, (context) =>
    context.stage('extract', { labels: { scene: 's1', artifact: 'a1' } }, async () => {
      await purser.record({ provider: 'acme', model: 'flat', costUsd: '0.40' })
    }),
  )
  await purser.close()
}

test('every answer in JSON is read with the schema that the registry has for it', { timeout: 120_000 }, async () => {
  const machine = newMachine()
  const answers = new Answers(machine)
  const db = join(machine.folder, 'ledger.db')
  const ask = answers.ask.bind(answers)
  machine.write(
    'calls.jsonl',
    `${JSON.stringify({ id: 'a', provider: 'acme', model: 'small', at: '2026-02-01', usage: { inputTokens: 9 } })}\n`,
  )
  machine.write(
    'more.jsonl',
    `${JSON.stringify({ id: 'b', provider: 'acme', model: 'zeta', at: '2026-02-02', usage: { inputTokens: 9 } })}\n`,
  )
  machine.write('calls.csv', 'when,model,input\n2026-02-03,small,5\n')
  machine.write('plan.yaml', plan)
  machine.write(
    'prices.json',
    JSON.stringify({ 'zeta-9': { litellm_provider: 'acme', mode: 'chat', input_cost_per_token: 1e-6, output_cost_per_token: 4e-6 } }),
  )
  await ask('init', ['init'])
  machine.write('purser.yaml', yaml)

  // Another ledger is locked, for which a command waits while the others are run.
  const reserve = ['hold', 'reserve', '--amount', '0.10', '--db', 'locked.db']
  await ask('grant', reserve)
  const lock = new DatabaseSync(join(machine.folder, 'locked.db'))
  onTestFinished(() => lock.close())
  lock.exec('BEGIN IMMEDIATE')
  const unavailable = ask('unavailable', reserve, { code: 4 })
  unavailable.catch(() => undefined)

  await ask('config-show', ['config', 'show'])
  await ask('config-check', ['config', 'check'])
  await ask('price', ['price', '--provider', 'acme', '--model', 'small', '--usage', 'inputTokens=1000'])
  await ask('price-line', ['price', '--jsonl'], { input: '{"provider":"acme","model":"small","usage":{"inputTokens":5}}\n' })
  await ask('catalog-list', ['catalog', 'list'])
  await ask('catalog-list', ['catalog', 'list', 'acme'])
  await ask('catalog-list', ['catalog', 'search', 'gpt-4o'])
  await ask('catalog-cards', ['catalog', 'show', 'openai', 'gpt-4o'])
  await ask('catalog-diff', ['catalog', 'diff', 'prices.json'])
  await ask('estimate', ['estimate', 'plan.yaml'])
  await ask('estimate-comparison', ['estimate', 'plan.yaml', '--compare', 'economy,quality'])
  await ask('profile-list', ['profiles', 'list'])
  await ask('profile-show', ['profiles', 'show', 'quality'])

  await ask('budgets-apply', ['budgets', 'apply'])
  await ask('record', ['record', '--provider', 'acme', '--model', 'small', '--usage', 'inputTokens=1000'])
  const serves = JSON.stringify([{ labels: { ticket: 'T-1' }, weight: 2 }, { labels: { ticket: 'T-2' } }])
  await ask('record', ['record', '--provider', 'acme', '--model', 'small', '--usage', 'inputTokens=1000', '--serves', serves])
  await ask('imports', ['import', 'all'])
  const { batch } = (await ask('import', ['import', 'jsonl', 'more.jsonl'])) as { batch: string }
  await ask('import', ['import', 'csv', 'calls.csv', '--map', 'at=when,model=model,inputTokens=input', '--provider', 'acme'])
  await ask('import', ['import', 'claude-code', machine.folder])
  await ask('import', ['import', 'codex', machine.folder])
  await ask('import-list', ['import', 'list'])
  await ask('catalog-diff', ['catalog', 'update', 'prices.json', '--apply'])
  await ask('catalog-reset', ['catalog', 'update', '--reset'])
  await ask('reprice', ['reprice'])
  await ask('import-undo', ['import', 'undo', batch])

  await ask('estimate-no-history', ['estimate', '--history', '--project', 'film'], { code: 3 })
  for (const run of ['film-1', 'film-2', 'film-3']) await filmRun(db, run)
  await ask('estimate', ['estimate', '--history', '--project', 'film'])
  await ask('estimate', ['estimate', 'plan.yaml', '--save', 'film-4'])
  await ask('run-state', ['runs', 'raise', 'film-4', '--to', '5'])
  for (const steer of ['pause', 'resume', 'stop']) await ask('run-state', ['runs', steer, 'film-4'])
  await ask('estimate', ['estimate', 'plan.yaml', '--save', 'film-5'])
  await ask('run-state', ['runs', 'terminate', 'film-5'])
  await ask('run-list', ['runs', 'list'])
  await ask('run-watch', ['runs', 'watch', 'film-3'])
  await ask('record', ['record', '--provider', 'acme', '--model', 'flat', '--cost', '0.10', '--label', 'run=stray'])
  expect(await ask('run-watch', ['runs', 'watch', 'stray'])).toMatchObject({ run: { run: 'stray', state: null, costUsd: 0.1 } })
  await ask('ProjectCostSummary', ['runs', 'report', '--project', 'film'])
  await ask('ProjectCostSummary', ['runs', 'report', '--by', 'scene=s1'])
  await ask('CostReport', ['costs', '--report'])
  await ask('costs', ['costs', '--by', 'project,model'])
  const summary = runCostSummarySchema.parse(await ask('RunCostSummary', ['runs', 'show', 'film-3']))
  answers.as(stageCostSchema, 'StageCost', summary.stages[0])
  answers.as(groupCostSchema, 'GroupCost', summary.groups['model']?.['flat'])
  answers.as(costEstimateSchema, 'CostEstimate', summary.estimate)
  answers.as(costVarianceSchema, 'CostVariance', summary.variance)
  answers.as(budgetLeftSchema, 'BudgetLeft', summary.budget)
  const report = runReportSchema.parse(await ask('RunReport', ['runs', 'report', 'film-3']))
  answers.as(budgetConfigSchema, 'BudgetConfig', report.budgets[0])
  await ask('profile-use', ['profiles', 'use', 'quality'])

  await ask('budget-set', ['budgets', 'set', 'small', '--limit', '1', '--window', 'day', '--where', 'project=small'])
  await ask('budget-list', ['budgets', 'list'])
  await ask('budget-status', ['budgets', 'status'])
  await ask('budget-show', ['budgets', 'show', 'daily'])
  await ask('budget-history', ['budgets', 'history'])
  const small = ['--label', 'project=small']
  await ask('grant', ['hold', 'reserve', '--amount', '0.50', '--id', 'h1', ...small])
  await ask('grant', ['hold', 'split', 'h1', '--amount', '0.10', '--id', 'h2'])
  await ask('denial', ['hold', 'reserve', '--amount', '0.60', ...small], { code: 4 })
  // Of a guard that is granted standard output is that of its command.
  const denied = await machine.run(['guard', '--json', '--max', '0.60', ...small, '--', 'true'])
  expect(denied.code).toBe(4)
  answers.lines('denial', denied.out)
  await ask('why', ['why', '--amount', '0.10', ...small])
  await ask('hold-list', ['hold', 'list'])
  await ask('hold-outcome', ['hold', 'extend', 'h2', '--ttl', '5m'])
  await ask('hold-outcome', ['hold', 'release', 'h2'])
  await ask('hold-outcome', ['hold', 'settle', 'h1', '--cost', '0.20'])
  await ask('grant', ['hold', 'reserve', '--amount', '0.10', '--id', 'h3', '--ttl', '1s', ...small])
  await ask('hold-outcome', ['hold', 'end', 'h3', '--how', 'timeout'])
  // A hold can be resolved once it has run out.
  await setTimeout(1000)
  await ask('hold-outcome', ['hold', 'resolve', 'h3', '--not-sent'])
  await ask('budget-remove', ['budgets', 'remove', 'small'])

  const { out } = await answers.run(['export', '--format', 'jsonl'], 0)
  expect(answers.lines('charge', out).length).toBeGreaterThan(3)
  await ask('export', ['export', '--output', 'all.jsonl'])
  await ask('verify', ['verify'])
  await askOfAccess(answers)
  await ask('backup', ['backup', 'copy.db'])
  await ask('restore', ['restore', 'copy.db', '--to', 'other.db'])
  await ask('doctor', ['doctor'])
  const server = await startServing(machine)
  answers.as(serveShape, 'serve', server.told)
  await server.stop()
  const off = { env: { COST_TRACKING_ENABLED: 'false' } }
  const booking = [['record', '--provider', 'acme', '--model', 'small', '--cost', '1'], ['import'], ['import', 'undo', batch]]
  for (const args of [...booking, ['reprice', '--apply'], ['runs', 'pause', 'film-1'], ['hold', 'release', 'h1']]) {
    await ask('untracked', args, off)
  }
  await ask('estimate', ['estimate', 'plan.yaml', '--save', 'film-6'], off)
  await ask('RunCostSummary', ['runs', 'show', 'nobody'], off)
  await ask('RunReport', ['runs', 'report', 'nobody'], off)
  await ask('run-watch', ['runs', 'watch', 'nobody'], off)
  await ask('CostReport', ['costs', '--report', '--run', 'nobody'], off)
  await ask('grant', ['hold', 'reserve', '--amount', '1'], off)
  answers.lines('error', (await answers.run(['runs', 'show', 'nobody'], 2)).err)
  // 80 % of the day's $50 is passed.
  const told = await answers.run(['record', '--provider', 'acme', '--model', 'flat', '--cost', '45'], 0)
  answers.lines('warning', told.err)

  await unavailable

  // What only programs are given.
  const purser = await Purser.open({ db })
  answers.as(costsBlockSchema, 'CostsBlock', await purser.reports.costsBlock('film-3'))
  answers.as(costDataSchema, 'CostData', await purser.reports.costData({ artifact: 'a1' }))
  await purser.close()

  expect([...answers.read].toSorted()).toEqual(Object.keys(publishedSchemas()).toSorted())
  const known = (await namesOfCommands()).filter((name) => others[name] === undefined)
  expect(known.filter((name) => !answers.commands.has(name))).toEqual([])
})

async function askOfAccess(answers: Answers): Promise<void> {
  await answers.ask('member', ['members', 'set', '7', '--name', 'Ada'])
  await answers.ask('member-list', ['members', 'list'])
  const { key } = (await answers.ask('new-key', ['keys', 'create', '--name', 'ada', '--member', '7'])) as { key: { id: string } }
  const { key: next } = (await answers.ask('new-key', ['keys', 'rotate', key.id])) as { key: { id: string } }
  await answers.ask('key-list', ['keys', 'list'])
  await answers.ask('key', ['keys', 'revoke', next.id])
  await answers.ask('member', ['members', 'remove', '7'])
}

/** Every command that does something: those without others beneath them. */
async function namesOfCommands(): Promise<string[]> {
  const program = await buildProgram(() => true, '0.0.0')
  expect(program.commands.map((command) => command.name())).toEqual(commandList.map(({ name }) => name))
  return program.commands.flatMap((command) =>
    command.commands.length === 0 ? [command.name()] : command.commands.map((child) => `${command.name()} ${child.name()}`),
  )
}
