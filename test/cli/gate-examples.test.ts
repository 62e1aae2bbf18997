import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { bin, newMachine } from './run-purser.ts'

/** The commands under "Examples:", with lines that go on joined, and without the remarks beside them. */
function examplesIn(help: string): string[] {
  const [, block = ''] = /\nExamples:\n(.*?)\n\n/s.exec(help) ?? []
  return block
    .replace(/\\\n\s+/g, '')
    .split('\n')
    .map((line) => line.trim().replace(/ {3,}.*$/, ''))
}

describe.skipIf(process.platform === 'win32')('every example in the help of', () => {
  test.each([[['budgets', 'set']], [['budgets']], [['hold']], [['why']], [['guard']]])('%s runs', async (command) => {
    const machine = newMachine()
    const tools = join(machine.home, 'tools')
    mkdirSync(tools)
    const executable = (path: string, text: string): void => chmodSync(machine.write(path, `#!/bin/sh\n${text}\n`), 0o755)
    executable('../tools/purser', `exec '${process.execPath}' '${bin}' "$@"`)
    for (const script of ['pipeline.sh', 'agent.sh']) executable(script, 'exit 0')
    machine.write(
      'request.json',
      '{"model":"gpt-4o","max_tokens":100,"service_tier":"default","messages":[{"role":"user","content":"Hello"}]}',
    )
    machine.write('purser.yaml', 'budgets:\n  weekly: { limit: 50, window: week }\n')
    const env = { ...machine.env, COLUMNS: '300', PATH: `${tools}:${machine.env['PATH']}` }
    const examples = examplesIn((await machine.run([...command, '--help'], { env: { COLUMNS: '300' } })).out)
    expect(examples.length).toBeGreaterThan(1)
    await machine.run(['budgets', 'list'])
    for (const example of examples) await promisify(execFile)('sh', ['-c', example], { cwd: machine.folder, env })
  })
})
