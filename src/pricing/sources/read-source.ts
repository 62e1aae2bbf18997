import { PurserError } from '../../errors.ts'
import { parseCards } from './card-schema.ts'
import { fromGenaiPrices } from './genai-prices.ts'
import { fromLiteLlm } from './litellm.ts'
import type { SourceCards } from './source-cards.ts'

export const sourceFormats = ['purser', 'genai-prices', 'litellm'] as const
export type SourceFormat = (typeof sourceFormats)[number]

/**
 * The cards of a price list, in whichever of the known forms it is written: a list of cards as `catalog show --json`
 * prints it, the provider list of genai-prices, or the models by name of LiteLLM.
 * @param options.checkedAt ISO date for lists that carry none.
 * @throws PURSER_CATALOG_REJECTED when the form is not known; PURSER_BAD_CARD when a card is malformed.
 */
export function readPriceSource(input: unknown, options: { readonly checkedAt: string }): SourceCards & { readonly format: SourceFormat } {
  const format = detectFormat(input)
  if (format === 'purser')
    return { format, cards: parseCards(Array.isArray(input) ? input : (input as { cards: unknown }).cards), skipped: [] }
  if (format === 'genai-prices') return { format, ...fromGenaiPrices(input, options) }
  return { format, ...fromLiteLlm(input, options) }
}

function detectFormat(input: unknown): SourceFormat {
  const first: unknown = Array.isArray(input) ? input[0] : undefined
  if (isObject(first)) {
    if ('rates' in first) return 'purser'
    if ('models' in first) return 'genai-prices'
  }
  if (isObject(input) && !Array.isArray(input)) {
    if (Array.isArray(input['cards'])) return 'purser'
    if (Object.values(input).some((entry) => isObject(entry) && 'litellm_provider' in entry)) return 'litellm'
  }
  throw new PurserError(
    'PURSER_CATALOG_REJECTED',
    `This is no price list in a form that purser reads (${sourceFormats.join(', ')}). Nothing was applied.`,
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
