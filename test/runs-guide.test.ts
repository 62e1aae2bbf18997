import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { createShell, examplesOf, guides } from './cli/guide-examples.ts'
import { newMachine, root } from './cli/run-purser.ts'

test.skipIf(process.platform === 'win32')(
  'the program of the guide to runs pauses, is raised, and goes on as the guide prints',
  async () => {
    const machine = newMachine()
    const run = createShell(machine)
    const node = join(machine.home, 'tools/node')
    writeFileSync(node, `#!/bin/sh\nexec '${process.execPath}' "$@"\n`)
    chmodSync(node, 0o755)
    const program = /```ts run\n(.*?)```/s.exec(readFileSync(join(guides, 'runs.md'), 'utf8'))?.[1] ?? ''
    machine.write('film.ts', program.replace("from 'purser'", `from '${pathToFileURL(join(root, 'src/index.ts')).href}'`))
    const examples = examplesOf('runs.md')
    expect(examples).toHaveLength(2)
    for (const { commands, output } of examples) expect(await run(commands)).toBe(output?.trimEnd())
  },
)
