import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, utimesSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { chargeShape, costsShape, importListShape, importShape, importsShape, undoShape } from '../../src/json/json-shapes.ts'
import { bin, type Machine, newMachine, root, startPurser, whenEnded } from './run-purser.ts'

const data = resolve(root, '../shared/data')
const azureMap = [
  '--map',
  'at=TIMESTAMP,inputTokens=ContextTokens,outputTokens=GeneratedTokens',
  '--provider',
  'openai',
  '--model',
  'gpt-4o',
]

describe.skipIf(!existsSync(data))('the Azure traces (skipped where ../shared/data is absent)', () => {
  test('cost what their tokens cost, to the nano', async () => {
    const machine = newMachine()
    for (const [trace, calls] of [
      ['code', 8819],
      ['conv', 19_366],
    ] as const) {
      const args = [
        'import',
        'csv',
        join(data, `azure-llm-2023-${trace}.csv`),
        ...azureMap,
        '--label',
        'project=azure',
        '--label',
        `trace=${trace}`,
      ]
      expect(await machine.json(importShape, args)).toMatchObject({ read: calls, booked: calls, duplicates: 0, skipped: {} })
      expect(await machine.json(importShape, args)).toMatchObject({ read: 0, booked: 0 })
    }
    const costs = await machine.json(costsShape, ['costs', '--by', 'model,project', '--period', 'all'])
    // 18,059,974 + 22,361,870 input tokens at $2.50, 245,896 + 4,088,665 output tokens at $10 a million:
    // $101.054610 + $43.345610.
    const nanos = (18_059_974n + 22_361_870n) * 2500n + (245_896n + 4_088_665n) * 10_000n
    expect(costs.rows).toHaveLength(1)
    expect(costs.rows[0]).toMatchObject({ model: 'gpt-4o', project: 'azure', calls: 28_185, costNanos: String(nanos), costUsd: 144.40022 })
    const sums = ['code', 'conv'].map((trace) => columnSums(join(data, `azure-llm-2023-${trace}.csv`)))
    expect(sums).toEqual([
      [18_059_974, 245_896],
      [22_361_870, 4_088_665],
    ])
  })
})

/** The two token columns of a trace, added up by other means than the importer. */
function columnSums(path: string): number[] {
  const rows = readFileSync(path, 'utf8')
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => line.split(','))
  return [1, 2].map((column) => rows.reduce((sum, row) => sum + Number(row[column]), 0))
}

const csv = (rows: readonly string[]): string => `when,in,out\n${rows.join('\n')}\n`
const map = ['--map', 'at=when,inputTokens=in,outputTokens=out', '--provider', 'openai', '--model', 'gpt-4o']

describe('import csv', () => {
  test('reads only what is new, keeps equal rows two, and names bad ones', async () => {
    const machine = newMachine()
    const path = machine.write('calls.csv', csv(['2026-02-01 10:00:00,10,1', '2026-02-01 10:00:00,10,1', '2026-02-01 11:00:00,x,1']))
    const first = await machine.json(importShape, ['import', 'csv', 'calls.csv', ...map])
    expect(first).toMatchObject({ read: 3, booked: 2, skipped: { 'bad number': 1 } })
    expect(first.skippedAt['bad number']).toEqual([`${path}:4: inputTokens is "x"`])
    appendFileSync(path, '2026-02-02 10:00:00,20,2\n')
    expect(await machine.json(importShape, ['import', 'csv', 'calls.csv', ...map])).toMatchObject({ read: 1, booked: 1 })
  })

  test('says that a last row without a line break is left where it was written just now', async () => {
    const machine = newMachine()
    const path = machine.write('calls.csv', csv(['2026-02-01,10,1', '2026-02-02,10,1']).trimEnd())
    const now = new Date(Date.now() + 5000)
    utimesSync(path, now, now)
    const { out } = await machine.run(['import', 'csv', 'calls.csv', ...map])
    expect(out).toContain(`the last line of ${path} is unfinished; the next import reads it`)
    expect(await machine.json(importShape, ['import', 'csv', 'calls.csv', ...map])).toMatchObject({ read: 0, unfinished: [path] })
  })

  test('is taken back by import undo, and can be imported again', async () => {
    const machine = newMachine()
    machine.write('calls.csv', csv(['2026-02-01,10,1', '2026-02-02,10,1']))
    const { batch } = await machine.json(importShape, ['import', 'csv', 'calls.csv', ...map])
    const { imports } = await machine.json(importListShape, ['import', 'list'])
    expect(imports).toMatchObject([{ batch, importer: 'csv', booked: 2 }])
    expect(await machine.json(undoShape, ['import', 'undo', batch])).toEqual({ batch, removed: 2 })
    expect((await machine.json(costsShape, ['costs', '--period', 'all'])).total.calls).toBe(0)
    expect((await machine.json(importListShape, ['import', 'list'])).imports).toEqual([])
    expect((await machine.run(['import', 'list'])).out).toBe('No imports.\n')
    expect(await machine.json(importShape, ['import', 'csv', 'calls.csv', ...map])).toMatchObject({ booked: 2 })
  })

  test('tells people which imports there are, and takes one back', async () => {
    const machine = newMachine()
    machine.write('calls.csv', csv(['2026-02-01,10,1', '2026-02-02,10,1']))
    await machine.run(['import', 'csv', 'calls.csv', ...map])
    const { out } = await machine.run(['import', 'list'])
    const batch = /^(imp_\w+) +csv +\d{4}-\d\d-\d\d \d\d:\d\d +2 +calls\.csv$/m.exec(out)?.[1] ?? ''
    expect((await machine.run(['import', 'undo', batch])).out).toBe('Took 2 charges back.\n')
    expect(await machine.run(['import', 'undo', batch])).toMatchObject({ code: 2, err: expect.stringContaining('import list') as string })
  })

  test('a column that the file has not is an error, also where nothing is new', async () => {
    const machine = newMachine()
    machine.write('calls.csv', csv(['2026-02-01,10,1']))
    await machine.run(['import', 'csv', 'calls.csv', ...map])
    const slip = ['--map', 'at=when,inputTokens=inn,outputTokens=out', '--provider', 'openai', '--model', 'gpt-4o']
    const { code, err } = await machine.run(['import', 'csv', 'calls.csv', ...slip])
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/calls\.csv has no column "inn"\. Did you mean "in"\? Its columns are when, in, out\./),
    ])
    expect(await machine.json(importShape, ['import', 'csv', 'calls.csv', ...map])).toMatchObject({ read: 0, booked: 0 })
  })

  test('tells people what was read, booked and skipped', async () => {
    const machine = newMachine()
    machine.write('calls.csv', csv(['2026-02-01,10,1', '1970-01-01,10,1']))
    const { out } = await machine.run(['import', 'csv', 'calls.csv', ...map])
    expect(out).toMatch(/^read 2, booked 1, skipped 1 in /)
    expect(out).toContain('calls.csv:3')
    expect(out).toMatch(/purser import undo imp_\w+/)
  })
})

const transcript = (id: string, output: number): string =>
  `${JSON.stringify({
    type: 'assistant',
    timestamp: '2026-02-03T10:00:00.000Z',
    sessionId: 's-1',
    cwd: '/home/ada/harbour',
    gitBranch: 'main',
    requestId: `req_${id}`,
    message: {
      id: `msg_${id}`,
      role: 'assistant',
      model: 'claude-sonnet-4-5-20250929',
      usage: { input_tokens: 10, output_tokens: output },
    },
  })}\n`

describe('import claude-code', () => {
  test('reads what Claude Code wrote in the home folder, as covered by a plan', async () => {
    const machine = newMachine()
    machine.write('../.claude/projects/-home-ada-harbour/s-1.jsonl', transcript('1', 5) + transcript('1', 100) + transcript('2', 7))
    expect(await machine.json(importShape, ['import', 'claude-code'])).toMatchObject({ read: 3, booked: 2, duplicates: 1 })
    const { rows, total } = await machine.json(costsShape, ['costs', '--by', 'project,session', '--period', 'all'])
    // 20 × $3 + 107 × $15 a million = $0.001665, at list prices.
    expect(rows).toMatchObject([{ project: 'harbour', session: 's-1', calls: 2, costNanos: '0', planNanos: '1665000', outputTokens: 107 }])
    expect(total.planCalls).toBe(2)
  })

  test('CLAUDE_CONFIG_DIR, labels and basis are heeded', async () => {
    const machine = newMachine()
    machine.write('other/projects/p/s.jsonl', transcript('9', 5))
    const options = { env: { CLAUDE_CONFIG_DIR: join(machine.folder, 'other') } }
    await machine.json(importShape, ['import', 'claude-code', '--basis', 'metered', '--label', 'machine=old'], options)
    const { rows } = await machine.json(costsShape, ['costs', '--by', 'machine', '--period', 'all'])
    expect(rows).toMatchObject([{ machine: 'old', calls: 1, planCalls: 0 }])
  })
})

test('import codex reads the sessions of Codex', async () => {
  const machine = newMachine()
  const at = '2026-02-03T10:00:00.000Z'
  const usage = { input_tokens: 1000, cached_input_tokens: 400, output_tokens: 100, reasoning_output_tokens: 20, total_tokens: 1100 }
  const lines = [
    { timestamp: at, type: 'session_meta', payload: { id: 'c-1', cwd: '/home/ada/harbour', git: { branch: 'main' } } },
    { timestamp: at, type: 'turn_context', payload: { model: 'gpt-5' } },
    { timestamp: at, type: 'event_msg', payload: { type: 'token_count', info: { total_token_usage: usage, last_token_usage: usage } } },
  ]
  machine.write(
    '../.codex/sessions/2026/02/03/rollout-2026-02-03T10-00-00-c-1.jsonl',
    lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  )
  expect(await machine.json(importShape, ['import', 'codex'])).toMatchObject({ booked: 1 })
  const { rows } = await machine.json(costsShape, ['costs', '--by', 'model,project', '--period', 'all'])
  expect(rows).toMatchObject([
    { model: 'gpt-5', project: 'harbour', inputTokens: 600, cacheReadTokens: 400, outputTokens: 100, planCalls: 1 },
  ])
})

test('import jsonl reads back what export wrote', async () => {
  const machine = newMachine()
  const record = [
    'record',
    '--provider',
    'openai',
    '--model',
    'gpt-4o',
    '--usage',
    'inputTokens=1000',
    '--label',
    'project=a',
    '--id',
    'x-1',
  ]
  const charge = await machine.json(chargeShape, record)
  await machine.run(['export', '--output', 'charges.jsonl'])
  const other = ['--db', 'other.db']
  expect(await machine.json(importShape, ['import', 'jsonl', 'charges.jsonl', ...other])).toMatchObject({ booked: 1, skipped: {} })
  const { rows } = await machine.json(costsShape, ['costs', '--by', 'project', '--period', 'all', ...other])
  expect(rows).toMatchObject([{ project: 'a', costNanos: charge.costNanos }])
})

test('a file whose rows were all known from another one is named', async () => {
  const machine = newMachine()
  machine.write('a.csv', csv(['2026-02-01,10,1']))
  machine.write('b.csv', csv(['2026-02-01,10,1']))
  await machine.run(['import', 'csv', 'a.csv', ...map])
  expect((await machine.run(['import', 'csv', 'b.csv', ...map, '--label', 'project=b'])).out).toMatch(/^read 1, booked 1 /)
  const again = machine.write('c.csv', csv(['2026-02-01,10,1']))
  expect(await machine.json(importShape, ['import', 'csv', 'c.csv', ...map])).toMatchObject({ duplicates: 1, knownFiles: [again] })
  machine.write('d.csv', csv(['2026-02-01,10,1']))
  expect((await machine.run(['import', 'csv', 'd.csv', ...map])).out).toContain('all of it was known already: ')
})

describe('the sources of purser.yaml', () => {
  const withSource = (): Machine => {
    const machine = newMachine()
    machine.write('calls.csv', csv(['2026-02-01,10,1']))
    machine.write(
      'purser.yaml',
      'db: spend.db\nsources:\n  - kind: csv\n    path: calls.csv\n    map: { at: when, inputTokens: in, outputTokens: out }\n    provider: openai\n    model: gpt-4o\n    labels: { project: atlas }\n',
    )
    return machine
  }

  test('are imported before costs answers, and not with --no-sync', async () => {
    const machine = withSource()
    const ask = ['costs', '--by', 'project', '--period', 'all']
    expect((await machine.json(costsShape, ask)).rows).toMatchObject([{ project: 'atlas', calls: 1 }])
    appendFileSync(join(machine.folder, 'calls.csv'), '2026-02-02,10,1\n')
    expect((await machine.json(costsShape, [...ask, '--no-sync'])).total.calls).toBe(1)
    expect((await machine.json(costsShape, ask)).total.calls).toBe(2)
  })

  test('are imported by a bare import too', async () => {
    const machine = withSource()
    const { imports } = await machine.json(importsShape, ['import'])
    expect(imports).toMatchObject([{ source: `csv ${join(machine.folder, 'calls.csv')}`, booked: 1 }])
    expect((await machine.json(importsShape, ['import', 'all'])).imports).toMatchObject([{ booked: 0 }])
  })

  test('one that is gone is named, and does not keep back the answer', async () => {
    const machine = withSource()
    await machine.run(['costs'])
    machine.write('purser.yaml', 'db: spend.db\nsources:\n  - { kind: jsonl, path: gone.jsonl }\n')
    const { code, err, out } = await machine.run(['costs', '--period', 'all'])
    expect([code, out.includes('gpt-4o')]).toEqual([0, true])
    expect(err).toContain('gone.jsonl')
  })

  test('a bare import without any says how to name them', async () => {
    const { code, err } = await newMachine().run(['import'])
    expect(code).toBe(2)
    expect(err).toContain('purser init')
  })
})

test('Ctrl-C ends an import in good order: what is booked stays, and the next import goes on', async () => {
  const machine = newMachine()
  const rows = 60_000
  machine.write('many.csv', csv(Array.from({ length: rows }, (_, index) => `2026-02-01 10:00:00,${index + 1},1`)))
  const args = ['import', 'csv', 'many.csv', ...map, '--db', 'many.db', '--json']
  const child = startPurser(args, { cwd: machine.folder, env: machine.env })
  const ended = whenEnded(child)
  while (!existsSync(join(machine.folder, 'many.db-wal'))) await sleep(5)
  await sleep(150)
  child.kill('SIGINT')
  const { code, out, err } = await ended
  expect(code).toBe(130)
  expect(err).toContain('Stopping')
  const stopped = importShape.parse(JSON.parse(out))
  expect(stopped.interrupted).toBe(true)
  expect(stopped.booked).toBeLessThan(rows)
  const rest = await machine.json(importShape, args.slice(0, -1))
  expect(stopped.booked + rest.booked).toBe(rows)
  const { total } = await machine.json(costsShape, ['costs', '--period', 'all', '--db', 'many.db'])
  expect([total.calls, total.inputTokens]).toEqual([rows, (rows * (rows + 1)) / 2])
})

test('a terminal sees a progress bar, a pipe does not', async ({ skip }) => {
  const machine = newMachine()
  machine.write('calls.csv', csv(Array.from({ length: 3000 }, (_, index) => `2026-02-01,${index + 1},1`)))
  const args = ['import', 'csv', 'calls.csv', ...map]
  expect((await machine.run([...args, '--db', 'a.db'])).err).toBe('')
  const command = [process.execPath, bin, ...args, '--db', 'b.db'].map((part) => `'${part}'`).join(' ')
  let seen = ''
  try {
    seen = execFileSync('script', ['-qec', command, '/dev/null'], { cwd: machine.folder, env: machine.env, encoding: 'utf8' })
  } catch {
    skip('there is no script(1) to make a terminal')
  }
  expect(seen).toMatch(/Importing csv [█░]{24} +\d+%/)
})
