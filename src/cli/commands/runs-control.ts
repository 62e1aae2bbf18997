import { Command, Option } from 'commander'
import { formatAmount } from '../../budgets/amount-text.ts'
import { PurserError } from '../../errors.ts'
import type { CapInput } from '../../runs/cap.ts'
import type { Purser } from '../../purser.ts'
import type { Run } from '../../runs/run.ts'
import { answerOrSay, writeJson, writeLines } from '../output.ts'
import { commandAuthor } from '../command-author.ts'
import { namedRun } from '../named-run.ts'
import { runStateJson } from '../../json/run-state-json.ts'
import { withSession } from '../session.ts'
import { answerUntracked, isTracking } from '../tracking-off.ts'

interface RaiseOptions {
  readonly by?: string
  readonly to?: string
  readonly metric: 'cost' | 'tokens' | 'calls'
}

/** `runs pause`, `resume`, `stop` and `terminate`. */
export function defineRunsSteering(): Command[] {
  return [
    steering('pause', 'Pauses a run before its next stage; it stays so until it is resumed.', (purser, id) =>
      purser.runs.pause(id, author()),
    ),
    steering('resume', 'Lets a paused run go on: at once where its program waits, else when that runs it again.', (purser, id) =>
      purser.runs.resume(id, author()),
    ),
    steering('stop', 'Ends a run before its next stage, for good.', (purser, id) => purser.runs.stop(id, author())),
    steering('terminate', 'Ends a run at once: its calls in flight are aborted.', (purser, id) => purser.runs.terminate(id, author())),
  ]
}

export function defineRunsRaise(): Command {
  return new Command('raise')
    .description('Gives a run more to spend than its own cap says. A paused one then goes on with resume, or when it is run again.')
    .argument('<run>', 'its id, or last')
    .addOption(new Option('--by <amount>', 'so much more, like 5 or $5').conflicts('to'))
    .option('--to <amount>', 'so much in all')
    .addOption(new Option('--metric <name>', 'what is raised').choices(['cost', 'tokens', 'calls']).default('cost'))
    .addHelpText('after', '\nExamples:\n  purser runs raise film-7 --by 5\n  purser runs raise last --to 2M --metric tokens')
    .action(async (name: string, options: RaiseOptions, self: Command) => change(self, name, (purser, id) => raise(purser, id, options)))
}

async function raise(purser: Purser, id: string, { by, to, metric }: RaiseOptions): Promise<Run> {
  const amount = by ?? to
  if (amount === undefined) {
    throw new PurserError('PURSER_BAD_ARGUMENT', 'Say by how much the run is raised, like --by 5, or to how much in all, like --to 25.')
  }
  const cap = metric === 'cost' ? amount : ({ [metric]: amount } as CapInput)
  return purser.runs.raise(id, by === undefined ? { to: cap } : { by: cap }, author())
}

function steering(name: string, description: string, act: (purser: Purser, id: string) => Promise<Run>): Command {
  return new Command(name)
    .description(description)
    .argument('<run>', 'its id, or last')
    .action(async (run: string, _options: object, self: Command) => change(self, run, act))
}

async function change(self: Command, name: string, act: (purser: Purser, id: string) => Promise<Run>): Promise<void> {
  await withSession(self, async (session) => {
    if (!(await isTracking(session))) return answerUntracked(session, 'runs are not known, and nothing was changed')
    const purser = await session.open({ create: false, prices: false })
    const run = await act(purser, await namedRun(session, purser, name))
    await answerOrSay(`The run "${run.id}" was changed.`, () => (session.json ? writeJson(runStateJson(run)) : writeLines(stateLines(run))))
  })
}

function author(): { author: string } {
  return { author: commandAuthor() }
}

/** How a run stands, in a line or two. */
function stateLines(run: Run): string[] {
  const { id, state, wanted, cap, message } = run
  const asked =
    wanted === null ? '' : `; it is asked to ${wanted}, which it does ${wanted === 'terminate' ? 'at once' : 'before its next stage'}`
  const caps = (Object.entries(cap ?? {}) as ['cost' | 'tokens' | 'calls', bigint][]).map(([metric, amount]) =>
    formatAmount(metric, amount),
  )
  const limit = caps.length === 0 ? '' : `, may spend ${caps.join(', ')}`
  return [`${id}: ${state}${limit}${asked}`, ...(message === null ? [] : [message])]
}
