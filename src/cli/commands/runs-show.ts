import { Command } from 'commander'
import { collect } from '../call-options.ts'
import { namedRun } from '../named-run.ts'
import { writeJson, writeLines } from '../output.ts'
import { type Session, withSession } from '../session.ts'

interface ShowOptions {
  readonly by?: readonly string[]
}

export function defineRunsShow(): Command {
  return new Command('show')
    .description('What a run cost as of now, against its estimate and its limit.')
    .argument('<run>', 'its id, or last')
    .option('--by <label>', 'a further label to go by, like agent; give it once for each', collect)
    .action(async (name: string, options: ShowOptions, self: Command) => withSession(self, (session) => show(session, name, options)))
}

async function show(session: Session, name: string, { by = [] }: ShowOptions): Promise<void> {
  const purser = await session.open({ create: false, prices: false, runs: true })
  const summary = await purser.reports.summary(await namedRun(session, purser, name), { by })
  if (session.json) return writeJson(summary)
  const { runSummaryLines } = await import('../run-summary-view.ts')
  await writeLines(runSummaryLines(summary))
}
