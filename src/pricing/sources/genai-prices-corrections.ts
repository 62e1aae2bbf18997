import type { Card } from '../card.ts'

/**
 * Where the list of genai-prices says something else than the vendor whose page it gives as the source. Each is named
 * among what was not converted as it stands.
 */

/**
 * OpenAI publishes its long-context prices for "prompts with >272K input tokens"
 * (https://developers.openai.com/api/docs/models/gpt-5.4); the list begins them one token lower for most models.
 */
export function tierStart(provider: string, start: number): number {
  return provider === 'openai' && start === 271_999 ? 272_000 : start
}

/**
 * Why a model is not sold by this provider. OpenAI gives the weights of gpt-oss away (https://openai.com/open-models/) and
 * lists no price for them (https://developers.openai.com/api/docs/pricing); the list has the price of another host.
 */
export function whyNotSold(provider: string, model: string): string | undefined {
  return provider === 'openai' && model.startsWith('gpt-oss') ? 'is not sold by this provider, whose weights others serve' : undefined
}

/**
 * What the list means by a price that it leaves out: that of the parent. For audio that holds on Google, which publishes
 * one input price for text, images, video and audio unless it names audio apart
 * (https://ai.google.dev/gemini-api/docs/pricing); other vendors take no audio where they name no price for it.
 */
export function unratedRule(provider: string): NonNullable<Card['unrated']> {
  return provider === 'google' ? 'as-parent' : 'as-parent-but-audio'
}
