import { Command } from 'commander'
import { defineRunsRaise, defineRunsSteering } from './runs-control.ts'
import { defineRunsList } from './runs-list.ts'
import { defineRunsReport } from './runs-report.ts'
import { defineRunsShow } from './runs-show.ts'
import { defineRunsWatch } from './runs-watch.ts'

const examples = `
Examples:
  purser runs list --project film                     its runs, the last first
  purser runs show last                               what the last run cost, by stage, model, role and scene
  purser runs report film-7 --format md               the report that was kept when it ended
  purser runs report --project film                   run by run, with the average and the trend
  purser runs report --by video=v1 --format json
  purser runs watch last                              what becomes of it as it goes
  purser runs raise film-7 --by 5 && purser runs resume film-7

Runs that only the label \`run\` of imported or recorded calls tells of are listed and reported too.`

export function defineRuns(): Command {
  const command = new Command('runs')
    .description('Executions of pipelines and agents: what they cost, and how they go on.')
    .addHelpText('after', examples)
  for (const child of [
    defineRunsList(),
    defineRunsShow(),
    defineRunsWatch(),
    defineRunsReport(),
    ...defineRunsSteering(),
    defineRunsRaise(),
  ])
    command.addCommand(child)
  return command
}
