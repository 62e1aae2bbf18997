import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { costsShape } from '../../src/json/json-shapes.ts'
import { newMachine } from './run-purser.ts'

test('a ledger that another process holds is waited for, then named with exit code 4; questions are answered meanwhile', async () => {
  const machine = newMachine()
  const record = ['record', '--provider', 'openai', '--model', 'gpt-4o', '--usage', 'inputTokens=10', '--db', 'spend.db']
  await machine.run(record)
  const database = new DatabaseSync(join(machine.folder, 'spend.db'))
  onTestFinished(() => database.close())
  database.exec('BEGIN IMMEDIATE')
  const refused = machine.run([...record, '--json'])
  expect((await machine.json(costsShape, ['costs', '--db', 'spend.db'])).total.calls).toBe(1)
  const { code, err } = await refused
  expect(code).toBe(4)
  expect(err).toMatch(/locked by another process .*Nothing was written; try again/)
  expect(err).toContain('"PURSER_LEDGER_LOCKED"')
  database.exec('ROLLBACK')
  expect((await machine.json(costsShape, ['costs', '--db', 'spend.db'])).total.calls).toBe(1)
  expect((await machine.run(record)).code).toBe(0)
})
