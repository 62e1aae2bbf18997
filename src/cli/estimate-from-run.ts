import { PurserError } from '../errors.ts'
import { wholePairs } from './call-options.ts'
import { answerEstimate, belowTable, type EstimateCommandOptions, flagUnpriced, learnedOf, openForEstimates } from './estimate-answer.ts'
import { actualJson, comparisonJson, learnedJson } from '../json/estimate-json.ts'
import { actualNotes, comparisonLines, estimateLines, estimateNotes, unknownDifferenceNotes } from './estimate-view.ts'
import { writeJson, writeLines } from './output.ts'
import type { Session } from './session.ts'

/** `purser estimate --run`: a past run under other models. */
export async function estimateFromRun(session: Session, run: string, options: EstimateCommandOptions): Promise<void> {
  const { models, profile, compare, buffer, project } = options
  if (models === undefined && profile === undefined && compare === undefined) {
    throw new PurserError(
      'PURSER_BAD_ARGUMENT',
      '--run needs other models: --models gpt-4o=gpt-4o-mini, --profile economy, or --compare with several profiles.',
    )
  }
  const purser = await openForEstimates(session, options)
  const learned = await learnedOf(purser, project)
  const of = project ?? 'runs'
  const terms = { ...(buffer !== undefined && { buffer }) }
  if (compare === undefined) {
    const choice = profile === undefined ? { models: Object.fromEntries(wholePairs('--models', models ?? [])) } : { profile }
    const repriced = await purser.estimates.repriced(run, { ...choice, ...terms })
    const { estimate: made } = repriced
    const title = `Run ${run} with ${profile === undefined ? 'other models' : `profile ${profile}`}`
    const answer = {
      made,
      learned,
      of,
      fields: { actual: actualJson(repriced) },
      lines: estimateLines(title, made),
      notes: actualNotes(repriced),
    }
    return answerEstimate(session, purser, answer, options)
  }
  const comparison = await purser.estimates.compareRun(run, compare, terms)
  const { repriced, estimates } = comparison
  const [first] = repriced
  flagUnpriced(estimates)
  if (session.json) {
    const actual = first === undefined ? {} : { actual: actualJson(first) }
    return writeJson({ ...comparisonJson(comparison), ...actual, learned: learnedJson(learned) })
  }
  const notes = [
    ...(first === undefined ? [] : actualNotes(first)),
    ...unknownDifferenceNotes(comparison),
    ...estimateNotes(estimates, learned, of),
  ]
  return writeLines([...comparisonLines(`Run ${run} with other models`, comparison), ...belowTable(notes)])
}
