import { Command } from 'commander'
import { formatUsd } from '../../money/format.ts'
import { type Nanos, toUsd } from '../../money/nanos.ts'
import type { CostRow } from '../../ledger/cost-table.ts'
import type { Purser } from '../../purser.ts'
import { costText } from '../../reports/runs/report-text.ts'
import { endStates, type Run } from '../../runs/run.ts'
import { interruptible } from '../interrupt.ts'
import { namedRun } from '../named-run.ts'
import { writeJson, writeLines } from '../output.ts'
import { runStateJson } from '../../json/run-state-json.ts'
import { stageJson } from '../../json/stage-json.ts'
import { type Session, withSession } from '../session.ts'

const lookMs = 500

export function defineRunsWatch(): Command {
  return new Command('watch')
    .description('Says what becomes of a run as it goes: its states, its stages and what they cost, until it ends.')
    .argument('<run>', 'its id, or last')
    .addHelpText(
      'after',
      '\nExamples:\n  purser runs watch last\n  purser runs watch film-7 --json\n\nIt ends with the run, or with Ctrl-C. A run that failed may be resumed, and is watched on.',
    )
    .action(async (name: string, _options: object, self: Command) => withSession(self, (session) => watch(session, name)))
}

/** What was said last of a run and its stages. */
interface Said {
  run: string
  readonly stages: Map<string, string>
}

async function watch(session: Session, name: string): Promise<void> {
  const purser = await session.open({ create: false, prices: false, runs: true })
  const id = await namedRun(session, purser, name)
  const said: Said = { run: '', stages: new Map() }
  await interruptible(async (signal) => {
    for (;;) {
      const run = await purser.runs.get(id)
      if (run === undefined) return tellLabelled(session, purser, id)
      await tell(session, purser, run, said)
      if (endStates.has(run.state) || signal.aborted) return
      await pause(signal)
    }
  })
}

/** There is nothing to wait for in a run that only its calls tell of. @throws PURSER_NOT_FOUND where none does */
async function tellLabelled({ json }: Session, purser: Purser, id: string): Promise<void> {
  const {
    project,
    message,
    total_cost_usd: costUsd,
    is_lower_bound: isLowerBound,
    total_cost_nanos: nanos,
  } = await purser.reports.summary(id)
  const known = message ?? 'It is known by the label of its calls only.'
  if (json) return writeJson({ run: { run: id, project, state: null, message: known, costUsd, isLowerBound } })
  await writeLines([`${id}: ${costText(nanos, { is_lower_bound: isLowerBound })} so far. ${known} \`purser runs show ${id}\` shows more.`])
}

async function tell(session: Session, purser: Purser, run: Run, said: Said): Promise<void> {
  for (const stage of await purser.runs.stages(run.id)) {
    const now = `${stage.state} ${stage.attempt}`
    if (said.stages.get(stage.key) === now) continue
    said.stages.set(stage.key, now)
    const cost = (stage.spent?.cost ?? null) as Nanos | null
    if (session.json) await writeJson({ stage: stageJson(stage) })
    else
      await writeLines([
        `${clock(stage.endedAt ?? stage.startedAt)}  ${stage.key}: ${stage.state}${cost === null ? '' : `, ${formatUsd(cost)}`}`,
      ])
  }
  const now = `${run.state} ${run.message ?? ''} ${run.wanted ?? ''}`
  if (said.run === now) return
  said.run = now
  const { costNanos, isLowerBound } = await totalOfRun(purser, run.id)
  if (session.json) return writeJson({ run: { ...runStateJson(run), costUsd: toUsd(costNanos), isLowerBound } })
  const message = run.message === null ? '' : `: ${run.message}`
  await writeLines([
    `${clock(Date.now())}  ${run.id} is ${run.state}, ${costText(costNanos, { is_lower_bound: isLowerBound })} so far${message}`,
  ])
}

async function totalOfRun(purser: Purser, run: string): Promise<CostRow> {
  return (await purser.costs({ where: [{ field: 'run', op: 'equals', values: [run] }] })).total
}

function clock(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19)
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, lookMs)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
