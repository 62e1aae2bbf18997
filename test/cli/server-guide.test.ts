import { describe, expect, test } from 'vitest'
import { createShell, examplesOf } from './guide-examples.ts'
import { newMachine } from './run-purser.ts'
import { startServing } from './serving-machine.ts'

describe.skipIf(process.platform === 'win32')('the guide to the server', () => {
  test('every example runs beside a server, and prints what the page says', async () => {
    const machine = newMachine()
    const server = await startServing(machine, ['--log-level', 'warn'])
    const run = createShell(machine)
    const examples = examplesOf('server.md')
    expect(examples.length).toBeGreaterThan(3)
    for (const { commands, output } of examples) {
      const printed = await run(commands, { PURSER_URL: server.url })
      if (output !== undefined) expect(printed).toBe(output.trimEnd())
    }
    expect((await server.stop()).code).toBe(0)
  })
})
