import { Command } from 'commander'
import { PurserError } from '../../errors.ts'
import { type RunState, runStates } from '../../runs/run.ts'
import { closest } from '../../text/closest.ts'
import { wholeNumber } from '../call-options.ts'
import { writeJson, writeLines } from '../output.ts'
import { listedRunJson } from '../../json/run-json.ts'
import { type Session, withSession } from '../session.ts'

interface ListOptions {
  readonly project?: string
  readonly state?: string
  readonly limit: number
}

const shownAtOnce = 50

export function defineRunsList(): Command {
  return new Command('list')
    .description('Runs, the last to begin first.')
    .option('--project <name>', 'only runs of this project')
    .option('--state <names>', `only runs in these states, separated by commas: ${runStates.join(', ')}`)
    .option('--limit <runs>', 'so many at most', wholeNumber('--limit', 1), shownAtOnce)
    .action(async (options: ListOptions, self: Command) => withSession(self, (session) => list(session, options)))
}

async function list(session: Session, { project, state, limit }: ListOptions): Promise<void> {
  const states = state?.split(',').map((name) => parseState(name.trim()))
  const purser = await session.open({ create: false, prices: false, runs: true })
  const runs = await purser.reports.list({ ...(project !== undefined && { project }), ...(states !== undefined && { states }) })
  const shown = runs.slice(0, limit)
  if (session.json) return writeJson({ runs: shown.map(listedRunJson), more: runs.length - shown.length })
  const { runListLines } = await import('../run-list-view.ts')
  await writeLines(runListLines(shown, runs.length - shown.length))
}

function parseState(name: string): RunState {
  if ((runStates as readonly string[]).includes(name)) return name as RunState
  const nearest = closest(name, runStates)
  const hint = nearest === undefined ? `A run is ${runStates.join(', ')}.` : `Did you mean "${nearest}"?`
  throw new PurserError('PURSER_BAD_ARGUMENT', `"${name}" is no state of a run. ${hint}`)
}
