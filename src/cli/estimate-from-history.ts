import { parseFilter } from '../ledger/cost-query.ts'
import { askedPeriod } from '../reports/asked-period.ts'
import { answerEstimate, type EstimateCommandOptions, learnedOf, openForEstimates } from './estimate-answer.ts'
import { spreadJson } from '../json/estimate-json.ts'
import { historyLines } from './estimate-view.ts'
import { note, writeJson } from './output.ts'
import { exitCodes } from './report-error.ts'
import type { Session } from './session.ts'

/** `purser estimate --history`. */
export async function estimateFromHistory(session: Session, options: EstimateCommandOptions): Promise<void> {
  const { project, stage, role, where = [], buffer } = options
  const purser = await openForEstimates(session, options)
  const timezone = session.config.timezone ?? purser.timezone
  const { sinceMs, untilMs } = askedPeriod(options, { period: 'all', timezone, weekStart: session.config.weekStart })
  const history = await purser.estimates.history({
    where: where.map(parseFilter),
    ...(project !== undefined && { project }),
    ...(stage !== undefined && { stage }),
    ...(role !== undefined && { role }),
    ...(sinceMs !== undefined && { sinceMs }),
    ...(untilMs !== undefined && { untilMs }),
    ...(buffer !== undefined && { buffer }),
  })
  if (!history.enough) {
    process.exitCode = exitCodes.unpriced
    const { samples, leftOut, message } = history
    return session.json ? writeJson({ source: 'history', costUsd: null, samples, leftOut, message }) : note(message)
  }
  const { estimate: made, stages, leftOut } = history
  const whose = [project, stage && `stage ${stage}`, role && `role ${role}`].filter((part) => part !== undefined)
  const title = `What ${whose.length === 0 ? 'runs' : whose.join(', ')} cost before`
  const rest = leftOut === 1 ? '1 more run does' : `${leftOut} more runs do`
  const answer = {
    made,
    learned: await learnedOf(purser, project, stage),
    of: project ?? 'runs',
    fields: { stages: stages.map(({ stage: name, ...spread }) => ({ stage: name, ...spreadJson(spread) })), leftOut },
    lines: historyLines(title, history),
    notes: leftOut === 0 ? [] : [`${rest} not count, because calls without a price are among them.`],
  }
  return answerEstimate(session, purser, answer, options)
}
