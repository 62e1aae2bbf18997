import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { costsShape } from '../../src/json/json-shapes.ts'
import { verifyShape } from '../../src/json/verify-shape.ts'
import { costing, done, granted } from './gate-machine.ts'
import { newMachine } from './run-purser.ts'

describe('verify', () => {
  test('finds a sum that is wrong, and repairs it when told to', async () => {
    const machine = newMachine()
    const db = ['--db', 'spend.db']
    await machine.run([
      'record',
      '--provider',
      'openai',
      '--model',
      'gpt-4o',
      '--usage',
      'inputTokens=1000',
      '--label',
      'project=atlas',
      ...db,
    ])
    expect(await machine.json(verifyShape, ['verify', ...db])).toMatchObject({ charges: 1, discrepancies: [], repaired: false })

    const database = new DatabaseSync(join(machine.folder, 'spend.db'))
    database.exec('UPDATE days SET calls = calls + 1')
    database.close()

    const found = await machine.run(['verify', ...db])
    expect(found.code).toBe(4)
    expect(found.err).toContain('--repair')
    const today = new Date().toISOString().slice(0, 8)
    expect(found.out).toContain(`${today}`)
    expect(found.out).toContain('openai/gpt-4o, project=atlas (sums by day)\n  calls: kept 2, the charges say 1\n')
    expect(found.out).not.toContain('costNanos')
    const repaired = await machine.json(verifyShape, ['verify', '--repair', ...db])
    expect(repaired.repaired).toBe(true)
    expect(repaired.discrepancies.length).toBeGreaterThan(0)
    expect((await machine.run(['verify', ...db])).out).toContain('agree')
    expect((await machine.json(costsShape, ['costs', ...db])).total).toMatchObject({ calls: 1, costNanos: '2500000' })
  })

  test('says how many charges, sums, counters and holds it has compared', async () => {
    const machine = newMachine()
    await done(machine, costing('1'))
    // One row by the quarter of an hour and one by the day.
    expect(await done(machine, ['verify'])).toBe('1 charge and 2 sums agree.\n')
    await done(machine, ['budgets', 'set', 'all', '--limit', '5', '--window', 'total'])
    await done(machine, ['budgets', 'set', 'day', '--limit', '5', '--window', 'day'])
    await granted(machine, ['--amount', '1'])
    expect(await done(machine, ['verify'])).toBe('1 charge, 2 sums, 2 counters and 1 hold agree.\n')
    expect(await machine.json(verifyShape, ['verify'])).toMatchObject({ charges: 1, rows: 2, counters: 2, holds: 1 })
  })
})
