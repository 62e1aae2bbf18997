import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')

/** What a program of the guide prints; `pattern` finds it, and `config` is the purser.yaml that lies beside it. */
function runProgram(pattern: RegExp, config?: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'purser-guide-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const program = pattern.exec(readFileSync(join(root, 'docs/guide/sdk.md'), 'utf8'))?.[1] ?? ''
  const entry = pathToFileURL(join(root, 'src/index.ts')).href
  writeFileSync(join(folder, 'program.ts'), program.replace("from 'purser'", `from '${entry}'`))
  if (config !== undefined) writeFileSync(join(folder, 'purser.yaml'), config)
  const env = { PATH: process.env['PATH'], HOME: folder }
  return execFileSync(process.execPath, ['program.ts'], { cwd: folder, encoding: 'utf8', env }).trim().split('\n')
}

test('the program with purser.yaml keeps to its budgets', () => {
  const program = /```ts run=configured\n(.*?)```/s
  const budget = (limit: string): string => `db: spend.db\nbudgets:\n  daily: { limit: ${limit}, window: day }\n`
  expect(runProgram(program, budget('6.00'))).toEqual(['granted'])
  expect(runProgram(program, budget('5.99'))).toEqual([
    '$6.00 is more than the whole of budget "daily": $5.99. Ask for less, or raise the limit.',
  ])
})

test('the program of the guide runs, and prints what it says', () => {
  const printed = runProgram(/```ts run\n(.*?)```/s)
  expect(printed).toEqual([
    'priced 4500000n',
    // 1,200 characters at $0.08 a thousand; 1,000 × $2.50 and 200 × $10 a million.
    "[ 'eleven_multilingual_v2' ] 96000000n",
    "[ 'gpt-4o-2024-08-06' ] 4500000n",
    '2500000n',
  ])
})
