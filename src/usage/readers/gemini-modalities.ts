import { asFields, asText, type Fields, show } from './fields.ts'
import type { UsageDraft } from './usage-draft.ts'

/** A count and its share by modality; text is the rest. Pages of a document are billed as images of them. */
export interface Modalities {
  readonly total: number
  readonly audio: number
  readonly image: number
  readonly video: number
}

const buckets: Readonly<Record<string, 'text' | 'audio' | 'image' | 'video'>> = {
  TEXT: 'text',
  AUDIO: 'audio',
  IMAGE: 'image',
  DOCUMENT: 'image',
  VIDEO: 'video',
}

/**
 * One of Gemini's counts with its details. The count is what is billed: details that sum to less leave the rest as
 * text, with a warning.
 */
export function readModalities(draft: UsageDraft, usage: Fields, countName: string, detailsName: string): Modalities {
  const found = { text: 0, audio: 0, image: 0, video: 0 }
  const details = draft.list(usage, detailsName, 'usageMetadata.')
  for (const item of details) {
    const detail = asFields(item)
    const modality = asText(detail?.['modality'])
    const tokens = draft.count(detail, 'tokenCount', `usageMetadata.${detailsName}.${modality ?? '?'}.`)
    const bucket = modality === undefined ? undefined : buckets[modality]
    if (bucket !== undefined) found[bucket] += tokens
    else if (tokens > 0)
      draft.warn(
        'unknown-field',
        `usageMetadata.${detailsName} has ${tokens} tokens of modality ${show(modality)}; they are counted as text.`,
      )
  }
  const sum = found.text + found.audio + found.image + found.video
  const said = draft.count(usage, countName, 'usageMetadata.')
  const total = usage[countName] === undefined ? sum : said
  if (details.length > 0 && sum < total) {
    draft.warn(
      'sum-mismatch',
      `usageMetadata.${countName} is ${total}, but ${detailsName} sums to ${sum}; the other ${total - sum} are counted as text.`,
    )
  }
  if (sum > total)
    draft.warn('sum-mismatch', `usageMetadata.${countName} is ${total}, but ${detailsName} sums to ${sum}; the total is kept.`)
  return { total, audio: found.audio, image: found.image, video: found.video }
}
