import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createShell, examplesOf, guides } from './guide-examples.ts'
import { newMachine } from './run-purser.ts'

/** Pages whose examples need more than a shell, and have tests of their own. */
const others = new Set(['sdk.md', 'postgres.md', 'runs.md', 'clients.md', 'server.md'])

describe.skipIf(process.platform === 'win32')('the guides', () => {
  test.each(readdirSync(guides).filter((page) => !others.has(page)))(
    '%s: every example runs, and prints what the page says',
    async (page) => {
      const run = createShell(newMachine())
      const examples = examplesOf(page)
      expect(examples.length).toBeGreaterThan(0)
      for (const { commands, output } of examples) {
        const printed = await run(commands)
        if (output !== undefined) expect(printed).toBe(output.trimEnd())
      }
    },
  )
})
