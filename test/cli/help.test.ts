import { describe, expect, test } from 'vitest'
import { displayWidth } from '../../src/text/display-width.ts'
import { newMachine } from './run-purser.ts'

describe('help', () => {
  test('of a command below a command', async () => {
    const machine = newMachine()
    const { code, out } = await machine.run(['help', 'catalog', 'update'])
    expect(code).toBe(0)
    expect(out).toMatch(/^Usage: purser catalog update/)
    expect((await machine.run(['catalog', 'help', 'update'])).out).toBe(out)
  })

  test.each([
    [['help', 'nope'], 'purser: purser has no command "nope". `purser --help` lists those there are.'],
    [['import', 'csvv', 'x.csv'], 'purser: purser import has no command "csvv". Did you mean "csv"?'],
    [['catalog', 'updat'], 'purser: purser catalog has no command "updat". Did you mean "update"?'],
  ])('of what does not exist: %j', async (args, said) => {
    const { code, out, err } = await newMachine().run(args)
    expect([code, out, err.trim()]).toEqual([2, '', said])
  })

  test('names what a command can do where that is left out', async () => {
    const { code, err } = await newMachine().run(['catalog'])
    expect(code).toBe(2)
    expect(err).toContain('list, show, search, diff, update')
  })

  test.each(['50', '80'])('fits a terminal of %s columns', async (columns) => {
    const machine = newMachine()
    for (const args of [['--help'], ['costs', '--help'], ['price', '--help'], ['catalog', '--help'], ['import', '--help']]) {
      const { out } = await machine.run(args, { env: { COLUMNS: columns } })
      // A word that is longer than the terminal stays whole.
      const tooLong = out.split('\n').filter((line) => displayWidth(line) > Number(columns) && /\S\s+\S/.test(line))
      expect(tooLong).toEqual([])
    }
  })

  test('NO_COLOR wins over FORCE_COLOR, without a word about it', async () => {
    const { out, err } = await newMachine().run(['catalog', 'show', 'openai', 'gpt-4o'], { env: { NO_COLOR: '1', FORCE_COLOR: '1' } })
    expect(out).not.toContain('\u001B[')
    expect(err).toBe('')
  })
})
