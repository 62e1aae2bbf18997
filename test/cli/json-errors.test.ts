import { closeSync, openSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { costsShape, errorShape, warningShape } from '../../src/json/json-shapes.ts'
import { bin, newMachine } from './run-purser.ts'

const call = ['--provider', 'openai', '--model', 'gpt-4o', '--usage', 'inputTokens=1000']

describe('with --json standard error holds JSON lines only', () => {
  test('an error', async () => {
    const { code, out, err } = await newMachine().run(['costs', '--by', 'cost', '--json'])
    expect([code, out]).toEqual([2, ''])
    expect(errorShape.parse(JSON.parse(err)).error.code).toBe('PURSER_BAD_QUERY')
  })

  test('a warning, beside the answer', async () => {
    const { code, err } = await newMachine().run([
      'record',
      '--provider',
      'acme',
      '--model',
      'zeta-9',
      '--usage',
      'inputTokens=5',
      '--json',
    ])
    expect(code).toBe(0)
    expect(warningShape.parse(JSON.parse(err)).warning.message).toContain('booked without a price')
  })

  test('a command that is missing', async () => {
    const { code, err } = await newMachine().run(['--json'])
    expect(code).toBe(2)
    expect(errorShape.parse(JSON.parse(err)).error.message).toContain('costs')
  })
})

describe.skipIf(process.platform !== 'linux')('where standard output takes no more', () => {
  const onFullDisk = (args: readonly string[], machine = newMachine()): { status: number | null; err: string } => {
    const full = openSync('/dev/full', 'w')
    try {
      const options = { cwd: machine.folder, env: machine.env, stdio: ['ignore', full, 'pipe'] as ('ignore' | 'pipe' | number)[] }
      const { status, stderr } = spawnSync(process.execPath, [bin, ...args], options)
      return { status, err: stderr?.toString() ?? '' }
    } finally {
      closeSync(full)
    }
  }

  test('an answer that is lost is said in one line', () => {
    for (const args of [
      ['price', ...call, '--json'],
      ['price', ...call],
      ['price', '--help'],
    ]) {
      const { status, err } = onFullDisk(args)
      expect(status).toBe(4)
      expect(err.trim().split('\n')).toEqual([expect.stringContaining('cannot be written: ENOSPC')])
    }
  })

  test('a call that was booked is said to be', async () => {
    const machine = newMachine()
    const { status, err } = onFullDisk(['record', ...call, '--id', 'call-7'], machine)
    expect(status).toBe(4)
    expect(err).toContain('The call is booked as call-7.')
    expect((await machine.json(costsShape, ['costs'])).total.calls).toBe(1)
  })
})
