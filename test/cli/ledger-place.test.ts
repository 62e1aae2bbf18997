import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { costing, done } from './gate-machine.ts'
import { newMachine } from './run-purser.ts'

const url = 'postgress://bot:s3cret@db.example/spend'
const masked = 'postgress://***@db.example/spend'

describe('a ledger whose place is mistyped', () => {
  test('is not begun anew: nothing is granted or written, and no password is shown', async () => {
    const machine = newMachine()
    const written = machine.write('config/purser.yaml', `db: ${url}\n`)
    const asked = ['hold', 'reserve', '--amount', '50']
    const ways: [string, readonly string[], Record<string, string>][] = [
      ['PURSER_DB', asked, { PURSER_DB: url }],
      ['--db', [...asked, '--db', url], {}],
      ['COST_STORAGE_PATH', asked, { COST_STORAGE_PATH: url }],
      [`${written}:1:1: db`, [...asked, '--config', written], {}],
    ]
    for (const [by, args, env] of ways) {
      const { code, out, err } = await machine.run(args, { env })
      expect([code, out]).toEqual([2, ''])
      expect(err).toContain(`purser: ${by} is "${masked}", and its scheme is none that purser knows; write the path of a file alone`)
    }
    expect(readdirSync(machine.folder)).toEqual(['config'])
  })

  test('says that no shell has put in a variable', async () => {
    const machine = newMachine()
    const { code, err } = await machine.run(costing('1'), { env: { PURSER_DB: '$HOME/spend.db' } })
    expect([code, err]).toEqual([
      2,
      'purser: PURSER_DB is "$HOME/spend.db", in which nobody has put a value for $HOME; write the path itself, like ~/spend.db.\n',
    ])
    expect(readdirSync(machine.folder)).toEqual([])
  })

  test.skipIf(process.platform === 'win32')('is not a device', async () => {
    const { code, err } = await newMachine().run(costing('1'), { env: { PURSER_DB: '/dev/null' } })
    expect([code, err]).toEqual([
      4,
      'purser: /dev/null is a device, a pipe or a socket, and a ledger is a file. Name one, like spend.db, with --db.\n',
    ])
  })
})

test.each(['--db', 'PURSER_DB'])('~ in %s is the home folder, as in purser.yaml', async (by) => {
  const machine = newMachine()
  const place = '~/ledgers/spend.db'
  await done(machine, by === '--db' ? [...costing('1'), '--db', place] : costing('1'), by === '--db' ? {} : { env: { PURSER_DB: place } })
  expect(existsSync(join(machine.home, 'ledgers/spend.db'))).toBe(true)
  expect(readdirSync(machine.folder)).toEqual([])
})
