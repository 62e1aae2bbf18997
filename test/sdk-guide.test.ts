import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')

test('the program of the guide runs, and prints what it says', () => {
  const folder = mkdtempSync(join(tmpdir(), 'purser-guide-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const guide = readFileSync(join(root, 'docs/guide/sdk.md'), 'utf8')
  const program = /```ts run\n(.*?)```/s.exec(guide)?.[1] ?? ''
  const entry = pathToFileURL(join(root, 'src/index.ts')).href
  writeFileSync(join(folder, 'program.ts'), program.replace("from 'purser'", `from '${entry}'`))
  const printed = execFileSync(process.execPath, ['program.ts'], { cwd: folder, encoding: 'utf8' }).trim().split('\n')
  expect(printed).toEqual([
    'priced 4500000n',
    // 1,200 characters at $0.08 a thousand; 1,000 × $2.50 and 200 × $10 a million.
    "[ 'eleven_multilingual_v2' ] 96000000n",
    "[ 'gpt-4o-2024-08-06' ] 4500000n",
    '2500000n',
  ])
})
