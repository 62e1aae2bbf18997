import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import { chargeShape, costsShape, exportShape, importShape } from '../../src/json/json-shapes.ts'
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

  test.each(['jsonl', 'csv'])('%s gives each call as it stands, and another ledger comes to the same sums from it', async (format) => {
    const machine = newMachine()
    const line = (output: number, searches: number): string => {
      const usage = { input_tokens: 10, output_tokens: output, server_tool_use: { web_search_requests: searches } }
      const message = { id: 'msg_1', role: 'assistant', model: 'claude-sonnet-4-5-20250929', usage }
      return `${JSON.stringify({ type: 'assistant', timestamp: '2026-02-03T10:00:00.000Z', sessionId: 's-1', cwd: '/home/ada/harbour', message })}\n`
    }
    machine.write('../.claude/projects/p/s-1.jsonl', line(5, 0))
    await machine.run(['import', 'claude-code'])
    machine.write('../.claude/projects/p/s-1.jsonl', line(5, 0) + line(100, 3))
    await machine.run(['import', 'claude-code'])
    const file = `all.${format}`
    expect(await machine.json(exportShape, ['export', '--format', format, '--output', file])).toMatchObject({ charges: 1 })
    expect(await machine.json(exportShape, ['export', '--format', format, '--output', 'raw', '--corrections'])).toMatchObject({
      charges: 2,
    })
    const imported = await machine.json(importShape, ['import', format, file, '--db', 'other.db'])
    expect(imported).toMatchObject({ booked: 1, skipped: {} })
    for (const db of [[], ['--db', 'other.db']]) {
      const { total } = await machine.json(costsShape, ['costs', '--period', 'all', ...db])
      // 10 × $3 + 100 × $15 a million, and 3 searches at $10 a thousand.
      expect(total).toMatchObject({ calls: 1, planCalls: 1, planNanos: '31530000', outputTokens: 100 })
    }
  })

  test('CSV by period holds every call, in the order of time', async () => {
    const machine = newMachine()
    const record = ['record', '--provider', 'openai', '--model', 'gpt-4o', '--usage', 'inputTokens=10']
    for (const day of ['03', '01', '02']) await machine.run([...record, '--at', `2026-02-${day}`, '--id', `d${day}`])
    const { out } = await machine.run(['export', '--format', 'csv', '--since', '2026-02-01', '--until', '2026-02-28'])
    const rows: Record<string, string>[] = parse(out, { columns: true })
    expect(rows.map((row) => row['id'])).toEqual(['d01', 'd02', 'd03'])
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
