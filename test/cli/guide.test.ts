import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { bin, newMachine, root } from './run-purser.ts'

const guides = join(root, 'docs/guide')

/** A block of commands, and what it is said to print. */
interface Example {
  readonly commands: string
  readonly output: string | undefined
}

function examplesOf(page: string): Example[] {
  const found = readFileSync(join(guides, page), 'utf8').matchAll(/^```sh run\n(.*?)^```$(?:\n\n^```text\n(.*?)^```$)?/gms)
  return [...found].map(([, commands = '', output]) => ({ commands, output }))
}

describe.skipIf(process.platform === 'win32')('the guides', () => {
  test.each(readdirSync(guides).filter((page) => page !== 'sdk.md'))(
    '%s: every example runs, and prints what the page says',
    async (page) => {
      const machine = newMachine()
      const tools = join(machine.home, 'tools')
      mkdirSync(tools)
      writeFileSync(join(tools, 'purser'), `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`)
      chmodSync(join(tools, 'purser'), 0o755)
      const env = { ...machine.env, PATH: `${tools}:${machine.env['PATH']}` }
      const examples = examplesOf(page)
      expect(examples.length).toBeGreaterThan(0)
      for (const { commands, output } of examples) {
        const { stdout } = await promisify(execFile)('sh', ['-e', '-c', commands], { cwd: machine.folder, env })
        if (output !== undefined) expect(stdout.trimEnd()).toBe(output.trimEnd())
      }
    },
  )
})
