import type { Command } from 'commander'
import { PurserError } from '../errors.ts'

/**
 * Refuses an option beside the one that takes it away, `--where` with `--no-where`, of which otherwise the last would win
 * without a word. @throws PURSER_BAD_ARGUMENT while the arguments are read
 */
export function refuseContradictions(command: Command): Command {
  for (const { long } of command.options.filter(({ negate }) => negate)) {
    const name = (long ?? '').replace(/^--no-/, '')
    const both = [name, `no-${name}`]
    if (!command.options.some((option) => option.long === `--${name}`)) continue
    const given = new Set<string>()
    for (const each of both) {
      command.on(`option:${each}`, () => {
        given.add(each)
        if (given.size === both.length) {
          throw new PurserError('PURSER_BAD_ARGUMENT', `--${name} and --no-${name} contradict each other; give one of the two.`)
        }
      })
    }
  }
  return command
}
