import { asFields, asList, type Fields } from './fields.ts'
import type { UsageDraft } from './usage-draft.ts'

/**
 * Searches of a grounded response, as billed: from Gemini 3 on each query counts, before that a prompt counts once
 * however many queries it made (https://ai.google.dev/gemini-api/docs/google-search#pricing). Empty queries are free.
 */
export function countSearches(draft: UsageDraft, events: readonly Fields[], model: string | undefined): void {
  let queries = 0
  let maps = false
  for (const grounding of groundings(events)) {
    queries += asList(grounding['webSearchQueries']).filter((query) => query !== '').length
    maps ||= asList(grounding['groundingChunks']).some((chunk) => asFields(chunk)?.['maps'] !== undefined)
  }
  if (maps) draft.warn('missing-usage', 'The response is grounded in Google Maps, which is billed by prompt and has no meter.')
  if (queries === 0) return
  const generation = Number(/gemini-(\d+)/.exec(model ?? '')?.[1] ?? Number.NaN)
  if (Number.isNaN(generation))
    draft.warn('assumed', `The response does not name a Gemini generation: each of its ${queries} queries counts.`)
  draft.add('searches', generation < 3 ? 1 : queries)
}

/** The grounding of each candidate. A stream repeats it as it grows: the last one counts. */
function groundings(events: readonly Fields[]): Iterable<Fields> {
  const byCandidate = new Map<unknown, Fields>()
  for (const event of events) {
    for (const [position, item] of asList(event['candidates']).entries()) {
      const candidate = asFields(item)
      const grounding = asFields(candidate?.['groundingMetadata'])
      if (grounding !== undefined) byCandidate.set(candidate?.['index'] ?? position, grounding)
    }
  }
  return byCandidate.values()
}
