import type { z } from 'zod'
import { type Nanos, toUsd } from '../../money/nanos.ts'
import { readRun, readStages } from '../../runs/run-documents.ts'
import type { Stage } from '../../runs/run.ts'
import type { DocumentWrite, Store } from '../../stores/store.ts'
import { answerCosts } from '../answer-costs.ts'
import type { runReportSchema } from '../schemas/run-cost-schemas.ts'
import { budgetConfigJson, capConfigJson } from './budget-config.ts'
import { everything } from './everything.ts'
import { readRunFacts, type RunReading } from './run-facts.ts'
import { runReportMarkdown } from './run-report-markdown.ts'
import { summaryGroupings, summaryOf } from './run-summary.ts'

export type RunReport = z.infer<typeof runReportSchema>

/** A report as it is kept: for programs, and the same for people. */
export interface KeptReport {
  readonly report: RunReport
  readonly markdown: string
}

const reportKind = 'run-report'

/** The report of a run as it stands now. @throws PURSER_NOT_FOUND */
export async function makeRunReport(store: Store, id: string, reading: RunReading = {}): Promise<KeptReport> {
  const facts = await readRunFacts(store, id, summaryGroupings, reading)
  const report: RunReport = {
    report: 'run',
    version: 1,
    made_at: new Date().toISOString(),
    summary: await summaryOf(store, facts, [], true),
    stage_runs: (await readStages(store, id)).map(stageRun),
    budgets: [
      ...(facts.run?.cap == null ? [] : capConfigJson(facts.run.cap)),
      ...facts.limits.map(({ budget }) => budgetConfigJson(budget)),
    ],
  }
  return { report, markdown: runReportMarkdown(report) }
}

/** The report of a run as a document of the ledger, which stays when the details of its charges are gone. */
export function writeRunReport(kept: KeptReport): DocumentWrite {
  return { kind: reportKind, key: kept.report.summary.run_id, body: kept }
}

/**
 * The report that was kept when the run came to the state that it is in; made now where there is none, where the run has
 * gone on since, or where its calls come to something else by now.
 * @throws PURSER_NOT_FOUND
 */
export async function readRunReport(store: Store, id: string, reading: RunReading = {}): Promise<KeptReport> {
  const document = await store.document(reportKind, id)
  const run = (await readRun(store, id))?.value
  if (document !== undefined) {
    const kept = document.body as KeptReport
    const { state, ended_at } = kept.report.summary
    const isOfNow = run === undefined || (run.state === state && (run.endedAt === null || new Date(run.endedAt).toISOString() === ended_at))
    if (isOfNow && run?.state !== 'running' && (await isOfSuchCalls(store, kept))) return kept
  }
  return makeRunReport(store, id, reading)
}

/**
 * Whether the sums of the ledger are those of the report: calls may have been booked since, as one that waited in the
 * journal, corrected by new prices, or taken out with their import. Sums outlive the details of their charges.
 */
async function isOfSuchCalls(store: Store, { report: { summary } }: KeptReport): Promise<boolean> {
  const where = [{ field: 'run', op: 'equals' as const, values: [summary.run_id] }]
  const { total } = await answerCosts(store, { ...everything(store), where })
  return (
    total.calls === summary.calls &&
    total.costNanos.toString() === summary.total_cost_nanos &&
    total.planNanos.toString() === summary.plan_cost_nanos &&
    total.unpricedCalls === summary.unpriced_calls &&
    total.partialCalls === summary.partial_calls
  )
}

function stageRun({
  name,
  key,
  state,
  attempt,
  startedAt,
  endedAt,
  labels,
  estimateNanos,
  message,
}: Stage): RunReport['stage_runs'][number] {
  return {
    stage_id: name,
    key,
    state,
    attempt,
    started_at: new Date(startedAt).toISOString(),
    ended_at: endedAt === null ? null : new Date(endedAt).toISOString(),
    labels: { ...labels },
    estimate_usd: estimateNanos === null ? null : toUsd(estimateNanos as Nanos),
    message,
  }
}
