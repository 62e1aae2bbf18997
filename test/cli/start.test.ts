import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandList } from '../../src/cli/command-list.ts'
import { bin, newMachine, root } from './run-purser.ts'

const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version

describe('the program', () => {
  test('tells its version', async () => {
    const machine = newMachine()
    expect(await machine.run(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' })
    expect((await machine.run(['-V'])).out).toBe(`${version}\n`)
  })

  test('without arguments shows the help, with every command', async () => {
    const { code, out, err } = await newMachine().run([])
    expect([code, err]).toEqual([0, ''])
    for (const { name, summary } of commandList) expect(out).toMatch(new RegExp(`^  ${name} .* ${summary}$`, 'm'))
  })

  test('every command has help with examples', async () => {
    const machine = newMachine()
    for (const { name } of commandList) {
      const { code, out } = await machine.run([name, '--help'])
      expect([name, code]).toEqual([name, 0])
      if (name !== 'tour') expect(out).toContain('Examples:')
      expect((await machine.run(['help', name])).out).toBe(out)
    }
  })

  test('a Node that is too old is told so, before anything else is loaded', () => {
    const script = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.11.0' } }); require(${JSON.stringify(bin)})`
    const { status, stderr, stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' })
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^purser: Node 24 or newer is needed, and this is Node 20\.11\.0\./)
  })

  test('its start is written in syntax that any Node reads', () => {
    const text = readFileSync(bin, 'utf8')
    expect(text).not.toMatch(/=>|\blet\b|\bconst\b|`|\bimport\b|\?\.|\?\?|\bclass\b/)
  })

  test('a bug shows its place with PURSER_DEBUG only', async () => {
    const machine = newMachine()
    const shown = async (env: Record<string, string>) => (await machine.run(['costs'], { env })).err
    expect(await shown({})).not.toMatch(/\n +at /)
    expect(await shown({ PURSER_DEBUG: '1' })).toMatch(/\n +at /)
  })

  test('the tour shows the tables of a small sample and leaves nothing behind', async () => {
    const machine = newMachine()
    const { code, out, err } = await machine.run(['tour'])
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain('$ purser costs')
    expect(out).toMatch(/harbour +gemini-2\.5-flash-i/)
    expect(out).toContain('sums agree')
    expect((await machine.run(['costs'])).err).toContain('There is no ledger')
  })
})
