import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import { chargeShape, exportShape } from '../../src/cli/json-shapes.ts'
import { type Machine, newMachine, startPurser, whenEnded } from './run-purser.ts'

async function machineWithCalls(count = 3): Promise<Machine> {
  const machine = newMachine()
  const lines = Array.from({ length: count }, (_, index) => ({
    at: `2026-02-0${(index % 3) + 1}T10:00:00Z`,
    provider: 'openai',
    model: 'gpt-4o',
    usage: { inputTokens: 1000 + index },
    labels: index === 0 ? { project: 'a, "b"', run: 'r1' } : { team: 'films' },
  }))
  machine.write('calls.jsonl', lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  await machine.run(['import', 'jsonl', 'calls.jsonl'])
  return machine
}

describe('export', () => {
  test('writes charges as JSON lines, each of the documented shape', async () => {
    const { out } = await (await machineWithCalls()).run(['export'])
    const charges = out
      .trimEnd()
      .split('\n')
      .map((line) => chargeShape.parse(JSON.parse(line)))
    expect(charges.map(({ at, usage, costNanos }) => [at, usage['inputTokens'], costNanos])).toEqual([
      ['2026-02-01T10:00:00.000Z', 1000, '2500000'],
      ['2026-02-02T10:00:00.000Z', 1001, '2502500'],
      ['2026-02-03T10:00:00.000Z', 1002, '2505000'],
    ])
  })

  test('CSV has a column for each label and meter, and quotes what needs it', async () => {
    const { out } = await (await machineWithCalls()).run(['export', '--format', 'csv'])
    const rows: Record<string, string>[] = parse(out, { columns: true })
    expect(rows.map((row) => [row['label.project'], row['label.team'], row['label.run'], row['inputTokens'], row['costNanos']])).toEqual([
      ['a, "b"', '', 'r1', '1000', '2500000'],
      ['', 'films', '', '1001', '2502500'],
      ['', 'films', '', '1002', '2505000'],
    ])
  })

  test('a file appears whole or not at all', async () => {
    const machine = await machineWithCalls()
    const answer = await machine.json(exportShape, ['export', '--since', '2026-02-02', '--until', '2026-02-02', '--output', 'out.jsonl'])
    expect(answer).toEqual({ output: 'out.jsonl', format: 'jsonl', charges: 1 })
    expect(readFileSync(join(machine.folder, 'out.jsonl'), 'utf8').trim().split('\n')).toHaveLength(1)
    const failed = await machine.run(['export', '--output', 'no/such/folder.jsonl'])
    expect(failed.code).toBe(2)
    expect(readdirSync(machine.folder).filter((name) => name.includes('partial'))).toEqual([])
  })

  test('a reader that goes away ends it quietly', async () => {
    const machine = await machineWithCalls(5000)
    const child = startPurser(['export'], { cwd: machine.folder, env: machine.env })
    const ended = whenEnded(child)
    child.stdout?.once('data', () => child.stdout?.destroy())
    const { code, err } = await ended
    expect([code, err]).toEqual([0, ''])
  })
})
