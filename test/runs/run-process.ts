import { setTimeout as wait } from 'node:timers/promises'
import { Purser } from '../../src/purser.ts'
import { pay } from './paid-call.ts'

/**
 * A process that executes one run of three stages: `run-process.ts FILE RUN MS [MAX]`. Each stage pays ten cents, says
 * `began STAGE`, takes MS milliseconds, and says `ended STAGE`; last it says the state of the run, or the code of an error.
 */
const [path = '', id = '', ms = '0', max] = process.argv.slice(2)
const purser = await Purser.open({ db: path })
const say = (text: string): void => void process.stdout.write(`${text}\n`)
try {
  const ended = await purser.run({ id, budget: '1.00', ...(max !== undefined && { maxConcurrent: Number(max) }) }, async (run) => {
    say(`attempt ${run.attempt} presumed ${run.presumed.length}`)
    for (const name of ['one', 'two', 'three']) {
      await run.stage(name, async () => {
        await pay(purser, '0.10')
        say(`began ${name}`)
        await wait(Number(ms))
        say(`ended ${name}`)
      })
    }
  })
  say(ended.state)
} catch (error) {
  say((error as { code?: string }).code ?? String(error))
}
await purser.close()
