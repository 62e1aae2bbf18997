import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { costsShape, importListShape, importsShape } from '../../src/json/json-shapes.ts'
import { type Machine, newMachine } from './run-purser.ts'

const db = ['--db', 'spend.db']

function withSources(): Machine {
  const machine = newMachine()
  machine.write('purser.yaml', 'sources:\n  - { kind: jsonl, path: gone.jsonl }\n  - { kind: jsonl, path: calls.jsonl }\n')
  const calls = [
    { id: 'a', provider: 'openai', model: 'gpt-4o' },
    { id: 'b', provider: 'openai', model: 'gpt-4o', speed: 'fast' },
    { id: 'c', provider: 'acme', model: 'zeta-9' },
  ]
  const lines = calls.map((call) => JSON.stringify({ ...call, at: '2026-02-01', usage: { inputTokens: 1000 }, labels: { run: call.id } }))
  machine.write('calls.jsonl', `${lines.join('\n')}\n`)
  return machine
}

describe('the sources of purser.yaml', () => {
  test('one that is missing does not keep the others back, and the exit code tells', async () => {
    const machine = withSources()
    const { code, out, err } = await machine.run(['import', '--json', ...db])
    expect(code).toBe(2)
    expect(importsShape.parse(JSON.parse(out)).imports).toMatchObject([{ booked: 3 }])
    expect(err).toContain('gone.jsonl')
  })

  test('are not read for a question that cannot be asked', async () => {
    const machine = withSources()
    const { code } = await machine.run(['costs', '--where', 'project', ...db])
    expect(code).toBe(2)
    expect((await machine.run(['costs', '--no-sync', ...db])).err).toContain('There is no ledger')
    const { err } = await machine.run(['costs', '--by', 'day,week', ...db])
    expect(err).toMatch(/day and week/)
    expect(err).not.toContain('gone.jsonl')
    expect((await machine.json(costsShape, ['costs', '--no-sync', ...db])).total.calls).toBe(0)
  })

  test('an import of one that is taken back is said to come again', async () => {
    const machine = withSources()
    await machine.run(['import', ...db])
    const { imports } = await machine.json(importListShape, ['import', 'list', ...db])
    const { code, out, err } = await machine.run(['import', 'undo', imports[0]?.batch ?? '', ...db])
    expect([code, out]).toEqual([0, 'Took 3 charges back.\n'])
    expect(err).toMatch(/calls\.jsonl is a source in .*purser\.yaml, so the next `purser costs` or `purser import` reads it again/)
  })
})

describe('costs of calls without a price', () => {
  test('name the level that has none, where others of the model have one', async () => {
    const machine = withSources()
    const { out } = await machine.run(['costs', ...db])
    expect(out).toContain('2 calls without a price: acme/zeta-9, openai/gpt-4o (speed fast).')
  })

  test('are a lower bound in every row of a meter, and runs of folded rows are not added up', async () => {
    const machine = withSources()
    await machine.run(['import', ...db])
    const { rows } = await machine.json(costsShape, ['costs', '--by', 'meter', '--no-sync', ...db])
    expect(rows.map(({ meter, isLowerBound }) => [meter, isLowerBound])).toContainEqual(['inputTokens', true])
    const { others } = await machine.json(costsShape, ['costs', '--by', 'run', '--limit', '1', '--no-sync', ...db])
    expect(others).toMatchObject({ rows: 2, runs: null, isLowerBound: true })
    const { out } = await machine.run(['costs', '--limit', '1', '--no-sync', ...db])
    expect(out).toMatch(/^1 other +unpriced +1 {2,}1,000/m)
  })
})

describe('an import that finds nothing', () => {
  test('says where it looked', async () => {
    const machine = newMachine()
    const { code, err } = await machine.run(['import', 'claude-code'])
    expect(code).toBe(0)
    expect(err).toContain(join(machine.home, '.claude', 'projects'))
  })

  test('ends with 2 where no record of what it read is a call', async () => {
    const machine = newMachine()
    machine.write('notes.txt', 'these are\nno records\n')
    const { code, err } = await machine.run(['import', 'claude-code', 'notes.txt'])
    expect(code).toBe(2)
    expect(err).toContain('nothing was booked')
  })
})

test('an export of an import that is not there is an error', async () => {
  const machine = withSources()
  await machine.run(['import', ...db])
  const { code, out, err } = await machine.run(['export', '--batch', 'imp_nope', ...db])
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain('There is no import "imp_nope"')
})

describe('what names no ledger or no file is refused', () => {
  test.each([
    [['costs', '--db', ''], '--db is empty'],
    [['costs', '--db', ':memory:'], 'a ledger that is kept in a file'],
    [['costs', '--limit', '0'], '1 or more'],
    [['record', '--provider', 'openai', '--model', 'gpt-4o', '--usage', 'inputTokens=1', '--attempt', '0'], '1 or more'],
  ])('%j', async (args, words) => {
    const { code, err } = await newMachine().run(args)
    expect(code).toBe(2)
    expect(err).toContain(words)
  })

  test('a purser.yaml that is a link to nowhere', async () => {
    const machine = newMachine()
    symlinkSync(join(machine.folder, 'gone.yaml'), join(machine.folder, 'purser.yaml'))
    const { code, err } = await machine.run(['config', 'check'])
    expect(code).toBe(2)
    expect(err).toMatch(/purser\.yaml cannot be read/)
  })

  test.each([
    ['- db\n', ':1:1: The file must be a mapping of keys to values.'],
    ['? [a, b]\n: 1\n', ': A key must be plain text'],
    ['db: .\n', 'is a folder; name a file'],
  ])('a purser.yaml like %j', async (text, words) => {
    const machine = newMachine()
    machine.write('purser.yaml', text)
    const { code, err } = await machine.run(['config', 'check'])
    expect(code).toBe(2)
    expect(err).toContain(words)
    expect(err).not.toMatch(/\.\.\n/)
  })
})

test('an amount without quotes is taken as it is written', async () => {
  const machine = newMachine()
  const card = '{ provider: acme, last_updated: 2026-11-01, rates: [{ meter: inputTokens, usd: 0.10, per: 1000000 }] }'
  machine.write('purser.yaml', `pricing:\n  models:\n    zeta-9: ${card}\n`)
  const { out } = await machine.run(['price', '--provider', 'acme', '--model', 'zeta-9', '--usage', 'inputTokens=3000000', '--json'])
  expect(JSON.parse(out)).toMatchObject({ costNanos: '300000000', lines: [{ rateUsd: '0.1' }] })
})
