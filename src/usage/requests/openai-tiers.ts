import { asText } from '../readers/fields.ts'

/**
 * Service tiers that OpenAI may serve. `auto`, which is also what leaving it out means, takes the tier that the project
 * is set to; `priority` (also named `fast`) may be served as standard; `default` is standard
 * (https://platform.openai.com/docs/api-reference/chat/create#chat-create-service_tier).
 */
export function openAiTiers(asked: unknown): readonly string[] {
  const tier = asText(asked)?.toLowerCase() ?? 'auto'
  if (tier === 'default' || tier === 'standard') return ['']
  if (tier === 'auto') return ['', 'flex', 'priority', 'fast']
  return tier === 'priority' || tier === 'fast' ? [tier, '', 'priority', 'fast'] : [tier, '']
}

/** Other vendors serve what was asked, or their standard tier. */
export function askedTiers(asked: unknown): readonly string[] {
  const tier = asText(asked)?.toLowerCase()
  return tier === undefined || tier === 'default' || tier === 'auto' || tier === 'on_demand' ? [''] : [tier, '']
}

export function isOpenAi(provider: string): boolean {
  return /^(?:open-?ai|chatgpt|azure.*|microsoft)$/i.test(provider)
}

/** Services that an OpenAI-compatible vendor may put in place of the asked one: tiers by its name. */
export function tiersOf(provider: string, asked: unknown): readonly string[] {
  return isOpenAi(provider) ? openAiTiers(asked) : askedTiers(asked)
}
